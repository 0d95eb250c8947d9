import type { Contender } from '../contender.ts'
import { PATHS } from '../scenario.ts'
import { plainExpress } from './plain-express.ts'

export const contender: Contender = {
  async start() {
    const app = plainExpress()
    for (const path of PATHS) app.get(path, (_req, res) => void res.json({ n: 0 }))
    return app
  },
}
