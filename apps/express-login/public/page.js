const element = (id) => document.getElementById(id)
let session

async function call(path, method = 'GET') {
  const response = await fetch(path, { method })
  const body = await response.json()
  if (!response.ok) throw new Error(body.error.message)
  return body
}

function show() {
  element('store').textContent = session.store
  element('login').hidden = session.user !== null
  element('member').hidden = session.user === null
  element('name').textContent = session.user ?? ''
  element('visits').textContent = session.visits
  element('handle').textContent = session.handle ?? 'none yet'
  tick()
}

function tick() {
  element('idle').textContent = countdown(session?.expiresAt)
  element('absolute').textContent = countdown(session?.absoluteExpiresAt)
}

function countdown(until) {
  if (until === null || until === undefined) return '–'
  const seconds = Math.max(0, Math.floor((until - Date.now()) / 1000))
  const days = Math.floor(seconds / 86_400)
  const clock = [seconds / 3600, seconds / 60, seconds]
    .map((part, i) => String(Math.floor(part) % (i ? 60 : 24)).padStart(2, '0'))
    .join(':')
  return days > 0 ? `${days} d ${clock}` : clock
}

/** Does something, then shows the session as it is now; what goes wrong is said on the page. */
async function act(work) {
  try {
    await work()
    session = await call('/api/session')
    element('notice').hidden = true
    show()
  } catch (error) {
    element('notice').textContent = error.message
    element('notice').hidden = false
  }
  document.querySelector('main').ariaBusy = 'false'
}

const count = () => call('/api/visits', 'POST')

element('count').addEventListener('click', () => act(count))
setInterval(tick, 1000)
// A visit is a page that somebody opens who is logged in.
act(async () => {
  const { user } = await call('/api/session')
  if (user !== null) await count()
})
