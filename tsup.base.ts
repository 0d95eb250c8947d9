import { defineConfig } from 'tsup'

/**
 * ESM and CommonJS with types for each. The CommonJS build inlines what is ESM-only (`bundle`), so that it also
 * loads under tools that cannot `require` an ES module, such as Jest. `shims` gives it an `import.meta.url`,
 * `splitting` one copy of what several entries share, such as classes that are told by `instanceof`. What is split becomes
 * CommonJS by Rollup (`treeshake`): the tool that does so by default turns each `?.` and `??` into calls of closures.
 */
export function packageBuild({
  entry = ['src/index.ts'],
  bundle = [] as RegExp[],
  shims = false,
  splitting = false,
} = {}) {
  const shared = {
    entry,
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    clean: false,
    shims,
    dts: true,
    external: [/^node:/],
  } as const
  return defineConfig([
    { ...shared, entry: [...entry], external: [...shared.external], format: 'esm' },
    {
      ...shared,
      entry: [...entry],
      external: [...shared.external],
      format: 'cjs',
      noExternal: bundle,
      splitting,
      treeshake: splitting,
    },
  ])
}
