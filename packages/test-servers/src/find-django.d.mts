export interface FoundDjango {
  /** The Python to run it with. */
  python: string
  /** What its environment needs besides. */
  env: Record<string, string>
  /** Of Django: `'3.2.25'`. */
  version: string
}

export interface MissingDjango {
  /** One line: why there is none, and how to get one. */
  missing: string
}

export declare function findDjango(env?: NodeJS.ProcessEnv): Promise<FoundDjango | MissingDjango>
