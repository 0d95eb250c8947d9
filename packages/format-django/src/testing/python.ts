import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Debian's Python, or the first one on the path. Undefined where there is none of version 3.9 or later (zoneinfo). */
export const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import zoneinfo; zoneinfo.ZoneInfo("Asia/Tokyo")']).status === 0,
)

/** Without Python a test is skipped, with the reason printed; in CI it fails. */
export function pythonOrSkip(): { skip: boolean } {
  if (python) return { skip: false }
  if (process.env.CI)
    throw new Error('These tests need Python 3.9 or later with the time zones of the system.')
  console.warn('Skipped: no Python 3.9 or later with the time zones of the system.')
  return { skip: true }
}

/** Runs `python_values.py`, and answers what it wrote. */
export function runPython(args: readonly (string | number)[], input: Uint8Array = new Uint8Array()): Buffer {
  const script = fileURLToPath(new URL('python_values.py', import.meta.url))
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', [script, ...args.map(String)], {
    input,
    maxBuffer: 1_073_741_824,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (status !== 0) throw new Error(`Python failed: ${stderr}`)
  return stdout
}

/** One frame each: four bytes of length, big-endian, and the bytes. */
export function toFrames(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(part.length)
      return [head, part]
    }),
  )
}

export function* fromFrames(bytes: Buffer): Iterable<Buffer> {
  for (let i = 0; i < bytes.length; ) {
    const end = i + 4 + bytes.readUInt32BE(i)
    yield bytes.subarray(i + 4, end)
    i = end
  }
}
