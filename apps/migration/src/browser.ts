/** A browser that keeps its cookies, whichever server sets them. */
export class Browser {
  readonly cookies = new Map<string, string>()

  async get(url: string): Promise<Record<string, string>> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { headers: { cookie } })
    for (const text of response.headers.getSetCookie()) this.take(text)
    if (response.status !== 200) throw new Error(`${response.status} from ${url}`)
    return (await response.json()) as Record<string, string>
  }

  /** The cookies as they are now, in another browser. */
  copy(): Browser {
    const browser = new Browser()
    for (const [name, value] of this.cookies) browser.cookies.set(name, value)
    return browser
  }

  take(setCookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? []
    const [, expires] = /expires=([^;]+)/i.exec(setCookie) ?? []
    const isOver =
      /max-age=0/i.test(setCookie) || (expires !== undefined && Date.parse(expires) <= Date.now())
    if (isOver) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
