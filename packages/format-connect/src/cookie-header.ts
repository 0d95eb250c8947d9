/** RFC 6265bis §5.6: longer ones were never ours, and are not worth a hash. */
const MAX_LENGTH = 4096

/** The first cookie of a name, as it stands in the header, quotes aside. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (!header?.includes(name)) return undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    if (value.length > MAX_LENGTH) return ''
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  }
  return undefined
}

/** Percent-decoded where it can be. */
export function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
