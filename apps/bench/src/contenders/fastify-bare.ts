import Fastify from 'fastify'
import type { Contender } from '../contender.ts'
import { PATHS } from '../scenario.ts'
import { listenerOf } from './plain-fastify.ts'

export const contender: Contender = {
  async start() {
    const app = Fastify()
    for (const path of PATHS) app.get(path, async () => ({ n: 0 }))
    return listenerOf(app)
  },
}
