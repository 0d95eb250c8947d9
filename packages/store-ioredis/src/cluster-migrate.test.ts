import { createSessions, migrate, nativeFormat } from '@tegata/core'
import { clusterOrSkip } from '@tegata/test-servers'
import { Cluster } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { ioredisStore } from './index.ts'

const RUNS = 200

await clusterOrSkip('a session that is moved between two slots', (cluster) => {
  test('is not lost where another request rotates it meanwhile', async () => {
    const clients = [new Cluster(cluster.nodes), new Cluster(cluster.nodes)] as const
    onTestFinished(() => clients.forEach((client) => void client.disconnect()))
    const from = nativeFormat({ prefix: 'old:' })
    const before = createSessions<{ start?: boolean }>({ store: ioredisStore(clients[0]), format: from })
    const [one, other] = clients.map((client) =>
      createSessions({ store: ioredisStore(client), ...migrate({ from: { format: from } }) }),
    ) as [typeof before, typeof before]
    const cookieOf = ({ setCookies }: { setCookies: readonly string[] }) => setCookies[0]?.split(';')[0]

    for (let run = 0; run < RUNS; run++) {
      const first = before.open({})
      Object.assign((await first.session()).data, { start: true })
      await first.commit()
      const cookie = cookieOf(first.headers())
      const rotate = async () => {
        await new Promise((resolve) => setTimeout(resolve, run % 3))
        const context = other.open({ cookie })
        await (await context.session()).rotate()
        await context.commit()
        return cookieOf(context.headers())
      }
      const [fresh] = await Promise.all([rotate(), one.open({ cookie }).session()])
      expect((await one.open({ cookie: fresh }).session()).data.start).toBe(true)
      expect((await one.open({ cookie }).session()).isNew).toBe(true)
    }
  }, 60_000)
})
