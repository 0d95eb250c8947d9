import { ApolloServer } from '@apollo/server'
import { expressMiddleware } from '@as-integrations/express5'
import express, { type Request } from 'express'
import { expect, test } from 'vitest'
import { atTheEnd, Browser, inEachDress } from './app.ts'

await inEachDress('Apollo Server', (start) => {
  test('reads and writes the session in its resolvers', async () => {
    const { url } = await start(async (app, session) => {
      const apollo = new ApolloServer<{ req: Request }>({
        typeDefs: 'type Query { me: String } type Mutation { login(name: String!): String logout: Boolean }',
        resolvers: {
          Query: { me: (_root, _args, { req }) => req.session?.user },
          Mutation: {
            login: async (_root, { name }: { name: string }, { req }) => {
              await new Promise<void>((resolve, reject) =>
                req.session.regenerate((error) => (error ? reject(error) : resolve())),
              )
              req.session.user = name
              return name
            },
            logout: (_root, _args, { req }) =>
              new Promise((resolve, reject) =>
                req.session.destroy((error) => (error ? reject(error) : resolve(true))),
              ),
          },
        },
      })
      await apollo.start()
      atTheEnd(() => apollo.stop())
      app.use(session, express.json(), expressMiddleware(apollo, { context: async ({ req }) => ({ req }) }))
    })
    const browser = new Browser()
    const ask = async (query: string) =>
      ((await (await browser.post(url, { query })).json()) as { data: unknown }).data
    expect(await ask('{ me }')).toEqual({ me: null })
    expect(await ask('mutation { login(name: "ada") }')).toEqual({ login: 'ada' })
    expect(await ask('{ me }')).toEqual({ me: 'ada' })
    const stolen = browser.copy()
    expect(await ask('mutation { logout }')).toEqual({ logout: true })
    expect(await ask('{ me }')).toEqual({ me: null })
    expect(await (await stolen.post(url, { query: '{ me }' })).json()).toEqual({ data: { me: null } })
  })
})
