/** A value that a serializer of the Django site cannot hold. */
export class Unstorable extends Error {}

/** Deeper values are refused, both ways: whoever walks through them recurses. */
export const MAX_DEPTH = 1000

export function assertDepth(depth: number): void {
  if (depth > MAX_DEPTH)
    throw new Unstorable(`It is nested deeper than ${MAX_DEPTH} levels, or holds itself.`)
}
