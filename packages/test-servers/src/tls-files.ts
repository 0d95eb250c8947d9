import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { freePort } from './free-port.ts'

export interface TlsFiles {
  port: number
  /** The certificate, in PEM, which signed itself. */
  ca: string
  /** What a server needs to be told. */
  args: readonly string[]
}

/** A certificate for the loopback address, in a folder that goes with the server. */
export async function makeTlsFiles(folder: string): Promise<TlsFiles> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(certFile, cert)
  await writeFile(keyFile, key, { mode: 0o600 })
  const args = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  return { port: await freePort(), ca: cert, args }
}
