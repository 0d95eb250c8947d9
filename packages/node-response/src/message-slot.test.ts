import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Kept, requestSlot, responseSlot } from './message-slot.ts'

const slot = requestSlot<Kept & { name: string }>(Symbol.for('a slot of this test'))
const responses = responseSlot<Kept & { name: string }>(Symbol.for('a slot of this test'))
const keep = (message: object, name: string) => slot.set({ message, name })

describe('what is kept for a message', () => {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)

  test('is found again, by the same name also from another copy of this package', () => {
    keep(request, 'request')
    expect(slot.get(request)).toMatchObject({ name: 'request' })
    expect(requestSlot(Symbol.for('a slot of this test')).get(request)).toMatchObject({ name: 'request' })
    expect(requestSlot(Symbol('a slot of this test')).get(request)).toBeUndefined()
  })

  test('is that of the request, of its response, and of a second response each', () => {
    const second = new ServerResponse(request)
    keep(request, 'request')
    responses.set({ message: response, name: 'response' })
    responses.set({ message: second, name: 'second' })
    expect(slot.get(request)?.name).toBe('request')
    expect([response, second].map((message) => responses.get(message)?.name)).toEqual(['response', 'second'])
  })

  test('is not that of an object which only inherits from the message', () => {
    keep(request, 'request')
    expect(slot.get(Object.create(request))).toBeUndefined()
  })

  test('is seen by nobody who looks at the message', () => {
    const before = Reflect.ownKeys(request)
    keep(request, 'request')
    expect(Reflect.ownKeys(request)).toEqual(before)
  })

  test('is kept as well for a message that is none of Node’s', () => {
    const stranger = {}
    keep(stranger, 'stranger')
    expect(slot.get(stranger)).toMatchObject({ name: 'stranger' })
  })
})
