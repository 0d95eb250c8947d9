const $ = (id) => document.getElementById(id)

async function call(path, body) {
  const response = await fetch(path, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.json()
}

function show({ user, visits = 0, note = null, csrf = null }) {
  $('who').textContent = user === null ? 'Hello, stranger' : `Hello, user ${user}`
  $('guest').hidden = user !== null
  $('member').hidden = user === null
  $('visits').textContent = String(visits)
  $('csrf').value = csrf ?? ''
  if (note) $('note').elements.text.value = note.text
  if (user !== null) connect()
}

const failed = (error) => {
  $('who').textContent = 'That did not work.'
  console.error(error)
}

$('count').onclick = () => call('/api/visits', {}).then(show, failed)
$('leave-express').onclick = () => call('/api/logout', {}).then(show, failed)
$('note').onsubmit = (event) => {
  event.preventDefault()
  call('/api/note', { text: event.target.elements.text.value }).then(show, failed)
}

let socket

function connect() {
  if (socket) return
  socket = new WebSocket(`${location.origin.replace('http', 'ws')}/echo`)
  socket.onmessage = ({ data }) => say(data)
  socket.onclose = ({ reason }) => {
    say(reason ? `closed: ${reason}` : 'closed')
    socket = undefined
    call('/api/me').then(show, failed)
  }
}

function say(text) {
  const line = document.createElement('li')
  line.textContent = text
  $('lines').append(line)
  line.scrollIntoView({ block: 'nearest' })
}

$('say').onsubmit = (event) => {
  event.preventDefault()
  const { text } = event.target.elements
  if (socket?.readyState === WebSocket.OPEN) socket.send(text.value)
  text.value = ''
}

call('/api/me').then(show, failed)
