import { packageBuild } from '../../tsup.base.ts'

export default packageBuild({ entry: ['src/pickle.ts'] })
