// The few things every part of the page needs: elements, requests, words, small messages.

import { words } from './i18n.js'

/** The address of the simulator's own paths, wherever it is mounted. */
const root = new URL('.', location.href).href

let lang = localStorage.getItem('sim_lang') === 'en' ? 'en' : 'zh'

export const language = () => lang

export function speak(next) {
  lang = next
  localStorage.setItem('sim_lang', next)
}

/** The word for a key, with {name} filled in. */
export function t(key, params = {}) {
  const text = words[lang][key] ?? words.zh[key] ?? key
  return text.replace(/\{(\w+)\}/g, (_, name) => params[name] ?? '')
}

/** Whether there is a word for the key. */
export const known = (key) => words[lang][key] !== undefined

/** Makes an element; children are nodes, texts, or lists of them, and null is nothing. */
export function h(name, props = {}, ...children) {
  const el = document.createElement(name)
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith('on')) el.addEventListener(key.slice(2), value)
    else if (key === 'value' || key === 'checked') el[key] = value
    else el.setAttribute(key, value === true ? '' : value)
  }
  el.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false))
  return el
}

/** Replaces what an element holds. */
export const fill = (el, ...children) => el.replaceChildren(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false))

/** What the simulator said no with. */
export class Refused extends Error {}

async function request(path, options) {
  let res
  try {
    res = await fetch(root + path, { credentials: 'same-origin', ...options })
  } catch {
    throw new Refused(t('offline'))
  }
  const text = await res.text()
  let body
  try {
    body = JSON.parse(text)
  } catch {
    throw new Refused(`${res.status} ${text.slice(0, 200)}`)
  }
  if (!res.ok) throw new Refused(body.message ?? `${res.status}`)
  return body
}

export const get = (path) => request(path)
export const post = (path, body) => request(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
export const address = (path) => root + path

/** A message that goes away by itself. */
export function toast(text, bad = false) {
  let box = document.getElementById('toast')
  if (!box) {
    box = h('div', { id: 'toast', role: 'status' })
    document.body.append(box)
  }
  const one = h('div', { class: bad ? 'bad' : '' }, text)
  box.append(one)
  setTimeout(() => one.remove(), bad ? 8000 : 3000)
}

/** Runs something a person asked for and says how it went. */
export async function act(fn, done) {
  try {
    const out = await fn()
    if (done) toast(typeof done === 'function' ? done(out) : done)
    return out
  } catch (e) {
    if (!(e instanceof Refused)) console.error(e)
    toast(e.message, true)
    return undefined
  }
}

/** A button that cannot be pressed twice at once. */
export function button(label, fn, kind = '') {
  const el = h('button', {
    class: `btn ${kind}`,
    type: 'button',
    onclick: async () => {
      el.disabled = true
      try {
        await fn()
      } finally {
        el.disabled = false
      }
    },
  }, label)
  return el
}

export function copyButton(text) {
  return button(t('copy'), async () => {
    try {
      await navigator.clipboard.writeText(text)
      toast(t('copied'))
    } catch {
      toast(t('copy_failed'), true)
    }
  }, 'small')
}

/** The parts of a time as people in the simulated corp read it. */
function parts(iso) {
  const f = new Intl.DateTimeFormat(lang === 'en' ? 'en-GB' : 'zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', weekday: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  return Object.fromEntries(f.formatToParts(new Date(iso)).map((x) => [x.type, x.value]))
}

export function clockText(iso) {
  const p = parts(iso)
  return `${p.year}-${p.month}-${p.day} ${p.weekday} ${p.hour}:${p.minute}:${p.second}`
}

export function shortTime(iso) {
  const p = parts(iso)
  return `${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`
}

/** The browser's own time with milliseconds, for the recording. */
export const wallTime = (iso) => `${new Date(iso).toLocaleTimeString('zh-CN', { hour12: false })}.${String(new Date(iso).getMilliseconds()).padStart(3, '0')}`

export const card = (title, ...children) => h('section', { class: 'card' }, h('h2', {}, title), ...children)
export const row = (label, ...children) => h('div', { class: 'row' }, h('label', {}, label), ...children)
export const note = (text) => h('p', { class: 'note' }, text)

/** Calls fn now and every ms until the element is off the page. */
export function every(el, ms, fn) {
  let busy = false
  const tick = async () => {
    if (!el.isConnected) return clearInterval(timer)
    if (busy || document.hidden) return undefined
    busy = true
    try {
      await fn()
    } catch (e) {
      if (!(e instanceof Refused)) console.error(e)
    } finally {
      busy = false
    }
    return undefined
  }
  const timer = setInterval(tick, ms)
  queueMicrotask(tick)
}
