export interface FoundRedis {
  /** Path of the server's executable. */
  server: string
  /** Path of its command-line client. */
  cli: string
}

export interface MissingRedis {
  /** One line: why there is none, and how to get one. */
  missing: string
}

export declare function findRedis(env?: NodeJS.ProcessEnv): Promise<FoundRedis | MissingRedis>
