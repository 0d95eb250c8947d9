interface FormatOptions {
  prefix: string
  isId: (text: string) => boolean
  identityKeys: readonly string[]
}

/** Throws a `TypeError` naming the option of a format that is unknown or impossible. */
export function assertOptions(format: string, options: FormatOptions, others: object): void {
  const { prefix, isId, identityKeys } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of ${format}.`)
  const rules: [name: string, ok: boolean, must: string][] = [
    ['prefix', typeof prefix === 'string', 'be a string'],
    ['isId', typeof isId === 'function', 'be a function'],
    ['identityKeys', Array.isArray(identityKeys), 'be an array of strings'],
  ]
  for (const [name, ok, must] of rules) {
    if (!ok) throw new TypeError(`The option \`${name}\` of ${format} must ${must}.`)
  }
}
