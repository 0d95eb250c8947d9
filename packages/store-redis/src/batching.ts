/**
 * Makes one call of many: whoever comes while one is under way waits for the next, which takes all of them along. `perform`
 * answers as many answers as it is given items.
 */
export function batching<Item, Answer>(
  perform: (items: Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  let underWay: Promise<unknown> = Promise.resolve()
  let next: { items: Item[]; answers: Promise<readonly Answer[]> } | undefined

  function begin() {
    const items: Item[] = []
    const answers = underWay.then(() => {
      next = undefined
      return perform(items)
    })
    underWay = answers.catch(() => {})
    return { items, answers }
  }

  return async (item) => {
    next ??= begin()
    const at = next.items.push(item) - 1
    return (await next.answers)[at] as Answer
  }
}
