import { spawn } from 'node:child_process'

/**
 * Ends a process, and removes its folder, when this process dies in whatever way: a shell waits at the other end of a pipe
 * that the kernel then closes. Answers how to dismiss the guard once the process has ended by itself.
 */
export function guardProcess(pid: number, folder: string): () => void {
  const script = 'read -r _ && exit; kill -KILL "$0"; sleep 0.2; rm -rf "$1"'
  const guard = spawn('/bin/sh', ['-c', script, String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own: Ctrl-C in a terminal must not end the guard first.
    detached: true,
  })
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return () => guard.stdin.end('dismissed\n')
}
