import type { PyTimeDelta } from './time-delta.ts'

const pad = (value: number, width = 2) => String(value).padStart(width, '0')

/** `2026-01-02`, as Python's isoformat. */
export const isoDate = (date: { year: number; month: number; day: number }) =>
  `${pad(date.year, 4)}-${pad(date.month)}-${pad(date.day)}`

/** `03:04:05`, with six more digits unless the microseconds are 0, as Python's isoformat. */
export const isoTime = (time: { hour: number; minute: number; second: number; microsecond: number }) =>
  `${pad(time.hour)}:${pad(time.minute)}:${pad(time.second)}${time.microsecond ? `.${pad(time.microsecond, 6)}` : ''}`

/** `+09:00`, with seconds and microseconds only where they are not 0, as Python's isoformat. */
export function isoOffset(offset: PyTimeDelta): string {
  const micros = Math.round(offset.totalSeconds * 1_000_000)
  const magnitude = Math.abs(micros)
  const seconds = Math.floor(magnitude / 1_000_000)
  const text = `${micros < 0 ? '-' : '+'}${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}`
  if (magnitude % 60_000_000 === 0) return text
  const fraction = magnitude % 1_000_000
  return `${text}:${pad(seconds % 60)}${fraction ? `.${pad(fraction, 6)}` : ''}`
}
