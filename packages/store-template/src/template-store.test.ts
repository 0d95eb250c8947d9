import { testSessionStore } from '@tegata/store-test'
import { test } from 'vitest'
import { testing } from './testing.ts'

testSessionStore({ test, createStore: testing })
