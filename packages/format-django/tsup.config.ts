import { packageBuild } from '../../tsup.base.ts'

export default packageBuild({
  entry: ['src/index.ts', 'src/pickle.ts'],
  bundle: [/^@noble\//],
  shims: true,
  splitting: true,
})
