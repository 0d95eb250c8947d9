import { restoreUUID } from './builders.ts'
import { ByteSource } from './byte-source.ts'
import { checkResult } from './check-result.ts'
import { PyByteArray, PyFrozenSet, PyTuple } from './collections.ts'
import { DictFiller } from './dict-filler.ts'
import type { PickleError } from './errors.ts'
import { Global, resolveGlobal } from './globals.ts'
import { Hasher } from './hasher.ts'
import { UnhashableError } from './key-names.ts'
import type { ResolvedLoadsOptions } from './options.ts'
import { PyUUID } from './scalars.ts'

/** Beyond this much text by reference, a result is counted before it is handed out. */
const REPEATED_TEXT = 65_536

/**
 * The pickle machine: a stack, a memo and one loop over opcodes, as CPython's `Unpickler`. It differs where CPython would
 * look up or call what the pickle names: there it knows the allow-list of `globals.ts` and nothing else.
 *
 * Each opcode takes time in proportion to the bytes and stack items it consumes, so the whole is linear in the pickle's length.
 */
export class Unpickler {
  readonly #source: ByteSource
  readonly #limits: ResolvedLoadsOptions
  readonly #hasher: Hasher
  readonly #dicts: DictFiller

  /** Items from `#top` on are left-overs. */
  readonly #stack: unknown[] = []
  #top = 0
  readonly #marks: number[] = []
  /** The last mark: no opcode may take what lies below it. */
  #fence = 0

  readonly #memo: unknown[] = []
  #memoized = 0

  /** UUIDs whose number `BUILD` has yet to bring. */
  #unset: Set<unknown> | undefined

  /** Whether the result may hold what has to be searched for: something twice, itself, or a class. */
  #suspicious = false
  #containers = 0
  #repeatedText = 0

  constructor(bytes: Uint8Array, limits: ResolvedLoadsOptions) {
    this.#source = new ByteSource(bytes, limits)
    this.#limits = limits
    this.#hasher = new Hasher(limits.maxNumericKeys)
    this.#dicts = new DictFiller(this.#hasher)
  }

  load(): unknown {
    if (this.#source.bytes.length > this.#limits.maxBytes) throw this.#source.limit('maxBytes')
    const value = this.#run()
    if (this.#unset?.size) throw this.#source.invalid('A UUID has no number')
    if (
      this.#suspicious ||
      this.#containers > this.#limits.maxDepth ||
      this.#source.bytes.length > this.#limits.maxValues
    ) {
      checkResult(value, this.#limits, (object) => this.#dicts.isMoved(object))
    }
    this.#dicts.rememberOrders()
    return value
  }

  #run(): unknown {
    try {
      for (;;) {
        const opcode = this.#source.opcode()
        if (opcode === 0x2e) return this.#pop() // STOP; what follows is ignored, as Python does
        this.#step(opcode)
        if (this.#top > this.#limits.maxValues) throw this.#source.limit('maxValues')
      }
    } catch (cause) {
      if (cause instanceof UnhashableError) throw this.#source.invalid(cause.message, cause)
      throw cause
    }
  }

  #step(opcode: number): void {
    const source = this.#source
    switch (opcode) {
      case 0x80: // PROTO
        if (source.u8() > 5) throw source.invalid('The protocol is newer than 5')
        return
      case 0x95: // FRAME: advice for readers of streams, which may lie low but not high
        if (source.u64() > source.bytes.length - source.pos)
          throw source.invalid('A frame is longer than the pickle')
        return

      case 0x8c: // SHORT_BINUNICODE
        return this.#push(source.text(source.u8()))
      case 0x94: // MEMOIZE
        return this.#put(this.#memoized)
      case 0x68: // BINGET
        return this.#get(source.u8())
      case 0x4b: // BININT1
        return this.#push(source.u8())
      case 0x4d: // BININT2
        return this.#push(source.u16())
      case 0x4a: // BININT
        return this.#push(source.i32())
      case 0x4e: // NONE
        return this.#push(null)
      case 0x88: // NEWTRUE
        return this.#push(true)
      case 0x89: // NEWFALSE
        return this.#push(false)
      case 0x47: // BINFLOAT
        return this.#push(source.float())
      case 0x8a: // LONG1
        return this.#push(source.integer(source.u8()))
      case 0x8b: // LONG4
        return this.#push(source.integer(source.i32()))
      case 0x58: // BINUNICODE
        return this.#push(source.text(source.u32()))
      case 0x8d: // BINUNICODE8
        return this.#push(source.text(source.u64()))
      case 0x43: // SHORT_BINBYTES
        return this.#push(new Uint8Array(source.span(source.u8())))
      case 0x42: // BINBYTES
        return this.#push(new Uint8Array(source.span(source.u32())))
      case 0x8e: // BINBYTES8
        return this.#push(new Uint8Array(source.span(source.u64())))
      case 0x96: // BYTEARRAY8
        return this.#push(new PyByteArray(source.span(source.u64())))

      case 0x28: // MARK
        return this.#mark()
      case 0x7d: // EMPTY_DICT
        return this.#container({})
      case 0x73: // SETITEM
        return this.#setItems(this.#top - 2)
      case 0x75: // SETITEMS
        return this.#setItems(this.#popMark())
      case 0x5d: // EMPTY_LIST
        return this.#container([])
      case 0x61: // APPEND
        return this.#append(this.#top - 1)
      case 0x65: // APPENDS
        return this.#append(this.#popMark())
      case 0x29: // EMPTY_TUPLE
        return this.#container(new PyTuple())
      case 0x85: // TUPLE1
        return this.#tuple(this.#top - 1)
      case 0x86: // TUPLE2
        return this.#tuple(this.#top - 2)
      case 0x87: // TUPLE3
        return this.#tuple(this.#top - 3)
      case 0x74: // TUPLE
        return this.#tuple(this.#popMark())
      case 0x8f: // EMPTY_SET
        return this.#container(new Set())
      case 0x90: // ADDITEMS
        return this.#addItems(this.#popMark())
      case 0x91: // FROZENSET
        return this.#frozenSet(this.#popMark())
      case 0x6c: // LIST
        return this.#container(this.#take(this.#popMark()))
      case 0x64: // DICT
        return this.#dict(this.#popMark())

      case 0x6a: // LONG_BINGET
        return this.#get(source.u32())
      case 0x71: // BINPUT
        return this.#put(source.u8())
      case 0x72: // LONG_BINPUT
        return this.#put(source.u32())
      case 0x67: // GET
        return this.#get(this.#index())
      case 0x70: // PUT
        return this.#put(this.#index())
      case 0x30: // POP
        return this.#drop()
      case 0x31: // POP_MARK
        this.#top = this.#popMark()
        return
      case 0x32: // DUP
        return this.#share(this.#peek())

      case 0x93: // STACK_GLOBAL
        return this.#stackGlobal()
      case 0x63: // GLOBAL
        return this.#global(source.line(), source.line())
      case 0x52: // REDUCE
        return this.#reduce()
      case 0x81: // NEWOBJ
        return this.#newObject()
      case 0x62: // BUILD
        return this.#build()

      case 0x49: // INT
        return this.#push(source.intLine())
      case 0x4c: // LONG
        return this.#push(source.longLine())
      case 0x46: // FLOAT
        return this.#push(source.floatLine())
      case 0x53: // STRING
        return this.#push(source.quotedLine())
      case 0x54: // BINSTRING
        return this.#push(source.ascii(source.i32()))
      case 0x55: // SHORT_BINSTRING
        return this.#push(source.ascii(source.u8()))
      case 0x56: // UNICODE
        return this.#push(source.unicodeLine())

      case 0x69: // INST
        throw this.#refused(source.line(), source.line())
      case 0x6f: // OBJ
        throw this.#refusedObject(this.#stack[this.#popMark()])
      case 0x92: // NEWOBJ_EX
        throw this.#refusedObject(this.#stack[this.#top - 3])
      case 0x50: // PERSID
      case 0x51: // BINPERSID
        throw source.error('PICKLE_REFUSED', 'The pickle refers to an object outside of it')
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw source.error(
          'PICKLE_REFUSED',
          "The pickle asks for a class by number, of Python's extension registry",
        )
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw source.error('PICKLE_REFUSED', 'The pickle refers to a buffer outside of it')
      default:
        throw source.invalid('There is no such opcode')
    }
  }

  // The stack

  #push(value: unknown): void {
    this.#stack[this.#top++] = value
  }

  #container(value: object): void {
    this.#containers++
    this.#push(value)
  }

  #drop(): void {
    // CPython's POP takes away a mark that has nothing above it.
    if (this.#top === this.#fence && this.#marks.length > 0) this.#popMark()
    else this.#pop()
  }

  #pop(): unknown {
    this.#need(1)
    return this.#stack[--this.#top]
  }

  #peek(): unknown {
    this.#need(1)
    return this.#stack[this.#top - 1]
  }

  #need(items: number): void {
    if (this.#top - items < this.#fence) throw this.#source.invalid('The stack has run empty')
  }

  #mark(): void {
    // No value needs more marks at once than it has levels, each with the arguments of a call.
    if (this.#marks.length > 2 * this.#limits.maxDepth) throw this.#source.limit('maxDepth')
    this.#marks.push(this.#fence)
    this.#fence = this.#top
  }

  /** Where the items above the last mark begin. */
  #popMark(): number {
    const below = this.#marks.pop()
    if (below === undefined) throw this.#source.invalid('There is no mark')
    const start = this.#fence
    this.#fence = below
    return start
  }

  /** The items from `start` on, taken off the stack. */
  #take(start: number): unknown[] {
    const items = this.#stack.slice(start, this.#top)
    this.#top = start
    return items
  }

  // The memo

  #put(index: number): void {
    if (index >= this.#limits.maxMemo) throw this.#source.limit('maxMemo')
    const value = this.#peek()
    if (this.#memo[index] === undefined) this.#memoized++
    this.#memo[index] = value
  }

  #get(index: number): void {
    const value = this.#memo[index]
    if (value === undefined) throw this.#source.invalid('Nothing has this number in the memo')
    this.#share(value)
  }

  /** Something that the pickle may now hold twice, or within itself. */
  #share(value: unknown): void {
    if (typeof value === 'string') {
      this.#repeatedText += value.length
      if (this.#repeatedText > REPEATED_TEXT) this.#suspicious = true
      this.#push(value)
    } else {
      this.#suspicious = true
      this.#push(this.#dicts.current(value))
    }
  }

  /** The number of `GET` and `PUT`. */
  #index(): number {
    const index = Number(this.#source.line())
    if (!Number.isSafeInteger(index) || index < 0) throw this.#source.invalid('This is no number of the memo')
    return index
  }

  // Containers

  #append(start: number): void {
    const list = this.#stack[start - 1]
    if (start - 1 < this.#fence || !Array.isArray(list) || list instanceof PyTuple) {
      throw this.#source.invalid('Only lists are appended to')
    }
    for (let i = start; i < this.#top; i++) list.push(this.#stack[i])
    this.#top = start
  }

  #setItems(start: number): void {
    const dict = this.#stack[start - 1]
    if (start - 1 < this.#fence || (this.#top - start) % 2 !== 0 || !this.#dicts.isDict(dict)) {
      throw this.#source.invalid('Only dicts are given items, a key and a value each')
    }
    this.#stack[start - 1] = this.#dicts.fill(dict, this.#stack, start, this.#top)
    this.#top = start
  }

  #dict(start: number): void {
    if ((this.#top - start) % 2 !== 0) throw this.#source.invalid('A dict has keys and values')
    const dict = this.#dicts.fill({}, this.#stack, start, this.#top)
    this.#top = start
    this.#container(dict)
  }

  #tuple(start: number): void {
    if (start < this.#fence) throw this.#source.invalid('The stack has run empty')
    const tuple = new PyTuple()
    for (let i = start; i < this.#top; i++) tuple.push(this.#stack[i])
    this.#top = start
    this.#container(tuple)
  }

  #addItems(start: number): void {
    const set = this.#stack[start - 1]
    if (start - 1 < this.#fence || !(set instanceof Set) || set instanceof PyFrozenSet) {
      throw this.#source.invalid('Only sets are given members')
    }
    for (let i = start; i < this.#top; i++) this.#hasher.add(set, this.#stack[i])
    this.#top = start
  }

  #frozenSet(start: number): void {
    const set = new PyFrozenSet()
    for (let i = start; i < this.#top; i++) this.#hasher.add(set, this.#stack[i])
    this.#top = start
    this.#container(set)
  }

  // Names and calls

  #stackGlobal(): void {
    const name = this.#pop()
    const module = this.#pop()
    if (typeof name !== 'string' || typeof module !== 'string')
      throw this.#source.invalid('A name is no text')
    this.#global(module, name)
  }

  #global(module: string, name: string): void {
    const global = resolveGlobal(this.#limits.classes, module, name)
    if (!global) throw this.#refused(module, name)
    this.#suspicious = true
    this.#push(global)
  }

  #reduce(): void {
    const args = this.#pop()
    const global = this.#pop()
    if (!(args instanceof PyTuple)) throw this.#source.invalid('Arguments are a tuple')
    this.#make(global, global instanceof Global ? global.call : undefined, args)
  }

  #newObject(): void {
    const args = this.#pop()
    const global = this.#pop()
    if (!(args instanceof PyTuple)) throw this.#source.invalid('Arguments are a tuple')
    this.#make(global, global instanceof Global ? global.create : undefined, args)
  }

  #make(global: unknown, builder: Global['call'], args: PyTuple): void {
    let value: unknown
    try {
      value = builder?.(args, this.#hasher)
    } catch (cause) {
      if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause
      throw this.#source.invalid('A class was given arguments that Python does not write', cause)
    }
    if (value === undefined) throw this.#refusedObject(global)
    if (value instanceof PyUUID) {
      this.#unset ??= new Set()
      this.#unset.add(value)
    }
    this.#container(value as object)
  }

  /** Of the allow-list only UUID has a state, which is its number. */
  #build(): void {
    const state = this.#pop()
    const uuid = this.#peek()
    if (!this.#unset?.delete(uuid) || !(uuid instanceof PyUUID)) throw this.#refusedObject(uuid)
    if (!restoreUUID(uuid, state)) throw this.#source.invalid('This is not the state of a UUID')
  }

  #refused(module: string, name: string): PickleError {
    return this.#source.error(
      'PICKLE_REFUSED',
      `The pickle asks for ${module}.${name}, which is not plain data`,
      {
        module,
        className: name,
      },
    )
  }

  #refusedObject(value: unknown): PickleError {
    return value instanceof Global
      ? this.#refused(value.module, value.name)
      : this.#source.error(
          'PICKLE_REFUSED',
          'The pickle calls or fills something that is no class of plain data',
        )
  }
}
