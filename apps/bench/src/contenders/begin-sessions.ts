import type { Sessions } from '@tegata/core'
import type { Data } from '../contender.ts'
import { inBatches } from '../in-batches.ts'

/** Begins sessions as requests do, without the requests. `ownerOf`: of whom each is. Default: of nobody. */
export async function beginSessions(
  sessions: Sessions<Data>,
  count: number,
  data: Data,
  ownerOf?: (at: number) => string,
): Promise<void> {
  await inBatches(count, async (at) => {
    const context = sessions.open({ secure: false })
    const session = await context.session()
    if (ownerOf) await session.authenticate(ownerOf(at))
    session.data = data
    await context.commit()
  })
}
