import Koa from 'koa'
import type { Contender } from '../contender.ts'

export const contender: Contender = {
  async start() {
    const app = new Koa()
    app.use((ctx) => {
      ctx.body = { n: 0 }
    })
    return app.callback()
  },
}
