// The frame of the control page: what there is to see, the clock, and the language.

import { faults } from './faults.js'
import { overview } from './overview.js'
import { people } from './people.js'
import { plan } from './plan.js'
import { recording } from './recording.js'
import { settings } from './settings.js'
import { address, act, button, clockText, every, fill, get, h, language, post, speak, t } from './ui.js'

const tabs = { overview, people, plan, faults, settings, recording }
const speeds = [1, 10, 60, 600, 3600, 86400]

const app = document.getElementById('app')

function here() {
  const name = location.hash.slice(1).split('/')[0]
  return tabs[name] ? name : 'overview'
}

/** The clock, with its levers when it runs by itself. */
function clockBar() {
  const bar = h('div', { class: 'bar' })
  const time = h('span', { class: 'time' }, '…')
  const state = h('span', { class: 'tag' })
  const levers = h('span', { class: 'row', style: 'margin:0' })
  const left = h('span', { class: 'tag warn', hidden: true })
  bar.append(time, state, left, h('span', { class: 'grow' }), levers)
  let shown = ''
  const advance = (to, label) => button(label, () => act(async () => {
    await post('advance', { to: to().toISOString() })
    await refresh()
  }))
  let now = new Date()
  const nine = () => {
    const day = new Date(now.getTime() + 8 * 3600_000)
    day.setUTCDate(day.getUTCDate() + (day.getUTCHours() < 9 ? 0 : 1))
    day.setUTCHours(9, 0, 0, 0)
    return new Date(day.getTime() - 8 * 3600_000)
  }
  async function refresh() {
    const c = await get('clock')
    now = new Date(c.now)
    time.textContent = clockText(c.now)
    const st = await get('now')
    left.hidden = st.undelivered === 0
    left.textContent = t('undelivered', { n: st.undelivered })
    state.className = c.own && !c.paused ? 'tag good' : 'tag'
    state.textContent = !c.own ? t('clock_driven') : c.paused ? t('clock_paused') : t('clock_speed', { n: c.speed })
    const key = JSON.stringify([c.own, c.paused, c.speed])
    if (key === shown) return
    shown = key
    const set = (body) => act(async () => {
      await post('clock', body)
      await refresh()
    })
    const choice = h('select', { 'aria-label': t('speed'), onchange: (e) => set({ speed: Number(e.target.value) }) },
      [...new Set([...speeds, c.speed])].sort((a, b) => a - b).map((n) => h('option', { value: n, selected: n === c.speed }, n === 1 ? t('real_time') : `×${n}`)))
    fill(levers, c.own ? [choice, button(c.paused ? t('resume') : t('pause'), () => set({ paused: !c.paused })),
      advance(() => new Date(now.getTime() + 3600_000), t('plus_hour')), advance(nine, t('to_morning'))] : null)
  }
  every(bar, 1000, refresh)
  return bar
}

function draw() {
  document.documentElement.lang = language() === 'en' ? 'en' : 'zh-CN'
  document.title = t('title')
  const name = here()
  const main = h('main')
  const corp = h('p', {}, '')
  const phone = h('a', { target: '_blank', rel: 'noopener', hidden: true }, t('open_phone'))
  fill(app, h('div', { class: 'frame' },
    h('nav', {}, h('h1', {}, t('title')), corp,
      Object.keys(tabs).map((tab) => h('button', { type: 'button', 'aria-current': tab === name ? 'page' : null, onclick: () => { location.hash = tab } }, t(`tab_${tab}`))),
      h('div', { class: 'foot' }, phone,
        h('a', { href: '#', onclick: (e) => { e.preventDefault(); speak(language() === 'en' ? 'zh' : 'en'); draw() } }, language() === 'en' ? '中文' : 'English'))),
    main))
  main.append(clockBar())
  main.append(tabs[name]())
  act(async () => {
    const o = await get('overview')
    corp.textContent = `${o.corp} · ${o.keys.corp_id}`
    phone.hidden = !o.phone
    phone.href = address('../phone/')
  })
}

addEventListener('hashchange', draw)
draw()
