import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is yes; a question that throws counts as no. Throws after `ms`. */
export async function until(what: string, question: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const giveUpAt = Date.now() + ms
  while (!(await question().catch(() => false))) {
    if (Date.now() > giveUpAt) throw new Error(`Not within ${ms / 1000} s: ${what}.`)
    await sleep(25)
  }
}
