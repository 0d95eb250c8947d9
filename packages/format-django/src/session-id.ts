const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 32
/** Bytes from here on would make the first characters likelier than the others. */
const FAIR = 256 - (256 % ALPHABET.length)

/** What Django's own generator makes; its sites would take other keys too. */
export const isSessionId = (text: string): boolean => /^[a-z0-9]{32}$/.test(text)

/** A session key as Django makes them, of 165 random bits. */
export function createSessionId(random: (bytes: number) => Uint8Array): string {
  let id = ''
  while (id.length < LENGTH) {
    for (const byte of random(LENGTH)) {
      if (byte < FAIR && id.length < LENGTH) id += ALPHABET[byte % ALPHABET.length]
    }
  }
  return id
}
