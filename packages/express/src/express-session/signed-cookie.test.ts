import { expect, test } from 'vitest'
import { CookieSigner } from './signed-cookie.ts'
import type { SessionRequest } from './types.ts'

const request = (cookie: string) => ({ headers: { cookie } }) as unknown as SessionRequest
const idOf = (signer: CookieSigner, cookie: string) => signer.idOf(request(cookie), 'sid')?.id

test('a cookie is accepted again and again, and one that was tampered with never', () => {
  const signed = new CookieSigner(['new']).sign('ann')
  const signer = new CookieSigner(['new'])
  const forged = `${signed.slice(0, -1)}${signed.endsWith('A') ? 'B' : 'A'}`
  for (let round = 0; round < 3; round++) {
    expect(idOf(signer, `sid=${signed}`)).toBe('ann')
    expect(idOf(signer, `a=b; sid=${signed}; c=d`)).toBe('ann')
    expect(idOf(signer, `sid=${forged}`)).toBeUndefined()
    expect(idOf(signer, `sid=${signed.replace('ann', 'bob')}`)).toBeUndefined()
    expect(idOf(signer, `mysid=${signed}`)).toBeUndefined()
  }
})

test('what an older secret signed is accepted, and signed anew with the first', () => {
  const old = new CookieSigner(['old']).sign('ann')
  const signer = new CookieSigner(['new', 'old'])
  for (let round = 0; round < 3; round++) {
    expect(idOf(signer, `sid=${old}`)).toBe('ann')
    expect(signer.sign('ann')).toBe(new CookieSigner(['new']).sign('ann'))
  }
})

test('a cookie is handed out again as it came only if it came as it is made', () => {
  const signed = new CookieSigner(['new']).sign('ann')
  const old = new CookieSigner(['old']).sign('ann')
  const signer = new CookieSigner(['new', 'old'])
  for (let round = 0; round < 3; round++) {
    expect(signer.idOf(request(`sid=${signed}`), 'sid')).toEqual({ id: 'ann', sent: signed })
    expect(signer.idOf(request(`sid=${decodeURIComponent(signed)}`), 'sid')).toEqual({ id: 'ann' })
    expect(signer.idOf(request(`sid=${old}`), 'sid')).toEqual({ id: 'ann' })
  }
})

test('as many cookies as there are visitors are told apart, also those that were forgotten', () => {
  const signer = new CookieSigner(['new'])
  const all = Array.from({ length: 12_000 }, (_, i) => [`id${i}`, signer.sign(`id${i}`)] as const)
  for (const [id, signed] of all) expect(idOf(signer, `sid=${signed}`)).toBe(id)
})
