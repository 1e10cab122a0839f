// Every call with its answer, and every delivery of a callback.

import { act, address, card, clockText, copyButton, every, fill, get, h, t, wallTime } from './ui.js'

const shown = 500

export function recording() {
  const api = h('input', { placeholder: t('rec_api'), spellcheck: 'false' })
  const q = h('input', { placeholder: t('rec_q'), spellcheck: 'false' })
  const kind = h('select', {}, ['', 'api', 'callback', 'browser'].map((k) => h('option', { value: k }, t(`rec_kind_${k}`))))
  const fail = h('input', { type: 'checkbox' })
  const live = h('input', { type: 'checkbox', checked: true })
  const body = h('tbody')
  const empty = h('div', { class: 'empty' }, t('rec_empty'))
  const detail = h('div', {}, h('div', { class: 'card' }, h('div', { class: 'empty' }, t('rec_pick'))))
  const link = h('a', { download: true }, t('rec_download'))
  let rows = []
  let last = 0
  let chosen = 0
  const query = () => new URLSearchParams({ api: api.value.trim(), q: q.value.trim(), kind: kind.value, fail: fail.checked ? '1' : '' })
  const line = (r) => h('tr', { class: `pick ${r.n === chosen ? 'on' : ''}`, tabindex: 0, onclick: () => pick(r), onkeydown: (e) => e.key === 'Enter' && pick(r) },
    h('td', { class: 'tight' }, wallTime(r.wall)), h('td', { class: 'tight' }, r.kind !== 'callback' ? h('span', { class: 'tag' }, r.method) : h('span', { class: 'tag warn' }, t('rec_callback'))),
    h('td', {}, r.kind !== 'callback' ? r.api : `${r.event}${r.try > 1 ? t('rec_try', { n: r.try }) : ''}`, r.about ? h('small', { class: 'note' }, ` ${r.about}`) : null),
    h('td', {}, outcome(r)), h('td', { class: 'tight' }, `${Math.round(r.ms)} ms`))
  const draw = () => {
    fill(body, rows.map(line))
    empty.hidden = rows.length > 0
  }
  const pick = (r) => {
    chosen = r.n
    draw()
    fill(detail, recordCard(r))
  }
  async function more() {
    if (!live.checked && last > 0) return
    const p = query()
    p.set('after', last)
    p.set('limit', shown)
    const out = await get(`recording?${p}`)
    if (out.last < last) { // another start of the simulator: from the beginning
      last = 0
      rows = []
      return
    }
    last = out.last
    if (out.items.length > 0) {
      rows = out.items.reverse().concat(rows).slice(0, shown)
      draw()
    }
  }
  const again = () => act(async () => {
    last = 0
    rows = []
    link.href = address(`recording.jsonl?${query()}`)
    const was = live.checked
    live.checked = true
    await more()
    live.checked = was
    draw()
  })
  for (const el of [api, q]) el.addEventListener('input', again)
  for (const el of [kind, fail]) el.addEventListener('change', again)
  link.href = address('recording.jsonl')
  const el = h('div', {}, h('div', { class: 'row', style: 'margin-top:0' }, kind, api, q, h('label', { style: 'min-width:0' }, fail, ' ', t('rec_fail')), h('label', { style: 'min-width:0' }, live, ' ', t('rec_live')), h('span', { class: 'grow', style: 'flex:1' }), link),
    h('div', { class: 'split even' }, h('section', { class: 'card', style: 'padding:0' }, h('div', { class: 'scroll', style: 'max-height:75vh' },
      h('table', {}, h('thead', {}, h('tr', {}, ['time', 'kind', 'what', 'outcome', 'took'].map((k) => h('th', {}, t(`rec_${k}`))))), body), h('div', { style: 'padding:0 16px' }, empty))), detail))
  every(el, 1000, more)
  return el
}

function outcome(r) {
  const fault = r.fault ? h('span', { class: 'tag warn' }, r.fault) : null
  if (r.status === 0) return [h('span', { class: 'tag bad' }, t('no_answer')), ' ', r.undelivered && r.effect ? h('span', { class: 'tag' }, t('rec_effect')) : null, ' ', fault]
  if (r.kind !== 'api') return [h('span', { class: r.status === 200 || r.status === 302 && r.kind === 'browser' ? 'tag good' : 'tag bad' }, r.status), ' ', fault]
  return [h('span', { class: r.errcode === 0 ? 'tag good' : 'tag bad' }, r.errcode), ' ', r.effect ? h('span', { class: 'tag' }, t('rec_effect')) : null, ' ', fault]
}

/** A body laid out for reading. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text.startsWith('<xml>') ? text.replace(/></g, '>\n<') : text
  }
}

function answerTitle(r) {
  if (r.kind === 'browser') return t('rec_sent_to')
  return r.undelivered ? t('rec_undelivered') : t('rec_answer')
}

function recordCard(r) {
  const facts = [
    [t('rec_sim'), clockText(r.sim)], [t('rec_from'), [r.caller, r.ip].filter(Boolean).join(' · ')], [t('rec_query'), r.query], [t('rec_error'), r.error],
  ].filter(([, v]) => v)
  const part = (title, text) => (text ? [h('h3', {}, title), h('pre', {}, pretty(text)), h('div', { class: 'row' }, copyButton(text))] : null)
  const title = { api: `${r.method} /cgi-bin/${r.api}`, browser: `${r.method} /${r.api}` }[r.kind] ?? r.event
  return card(title, h('div', {}, outcome(r)), h('dl', { class: 'keys', style: 'grid-template-columns:max-content 1fr;margin-top:12px' }, facts.map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])),
    part(r.kind === 'api' ? t('rec_body') : t('rec_event'), r.body), part(answerTitle(r), r.answer))
}
