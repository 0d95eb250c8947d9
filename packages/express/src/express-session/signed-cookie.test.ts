import { expect, test } from 'vitest'
import { CookieSigner } from './signed-cookie.ts'
import type { SessionRequest } from './types.ts'

const request = (cookie: string) => ({ headers: { cookie } }) as unknown as SessionRequest
const sent = (signed: string) => encodeURIComponent(signed)

test('a cookie is accepted again and again, and one that was tampered with never', () => {
  const signed = new CookieSigner(['new']).sign('ann')
  const signer = new CookieSigner(['new'])
  const forged = `${signed.slice(0, -1)}${signed.endsWith('A') ? 'B' : 'A'}`
  for (let round = 0; round < 3; round++) {
    expect(signer.idOf(request(`sid=${sent(signed)}`), 'sid')).toBe('ann')
    expect(signer.idOf(request(`a=b; sid=${sent(signed)}; c=d`), 'sid')).toBe('ann')
    expect(signer.idOf(request(`sid=${sent(forged)}`), 'sid')).toBeUndefined()
    expect(signer.idOf(request(`sid=${sent(signed.replace('ann', 'bob'))}`), 'sid')).toBeUndefined()
    expect(signer.idOf(request(`mysid=${sent(signed)}`), 'sid')).toBeUndefined()
  }
})

test('what an older secret signed is accepted, and signed anew with the first', () => {
  const old = new CookieSigner(['old']).sign('ann')
  const signer = new CookieSigner(['new', 'old'])
  for (let round = 0; round < 3; round++) {
    expect(signer.idOf(request(`sid=${sent(old)}`), 'sid')).toBe('ann')
    expect(signer.sign('ann')).toBe(new CookieSigner(['new']).sign('ann'))
  }
})

test('as many cookies as there are visitors are told apart, also those that were forgotten', () => {
  const signer = new CookieSigner(['new'])
  const all = Array.from({ length: 6000 }, (_, i) => [`id${i}`, signer.sign(`id${i}`)] as const)
  for (const [id, signed] of all) expect(signer.idOf(request(`sid=${sent(signed)}`), 'sid')).toBe(id)
})
