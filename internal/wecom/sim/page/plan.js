// Who is going to come: arrivals by codes and pages over some days.

import { act, button, card, clockText, fill, get, h, note, post, row, t } from './ui.js'

/** Now in the simulated corp's zone, as a datetime-local input takes it. */
const local = (iso) => new Date(new Date(iso).getTime() + 8 * 3600_000).toISOString().slice(0, 16)

export function plan() {
  const from = h('input', { type: 'datetime-local' })
  const days = h('input', { type: 'number', min: 1, max: 366, value: 3 })
  const each = h('input', { type: 'number', min: 0, max: 100000, value: 20 })
  const other = h('textarea', { placeholder: 'https://…/c/…', spellcheck: 'false' })
  const list = h('div', { class: 'scroll', style: 'max-height:320px' })
  const next = h('p', { class: 'note' })
  const go = button(t('plan_do'), () => act(async () => {
    const entries = [...list.querySelectorAll('input:checked')].map((el) => ({ url: el.value })).concat(other.value.split(/\s+/).filter(Boolean).map((url) => ({ url })))
    const st = await post('plan', { arrivals: [{ from: new Date(`${from.value}:00+08:00`).toISOString(), days: Number(days.value), per_day: Number(each.value), entries }] })
    show(st)
    return st
  }, t('planned')), 'main')
  const show = (st) => { next.textContent = st.next ? t('next_act', { at: clockText(st.next) }) : t('no_act') }
  act(async () => {
    const [st, codes] = await Promise.all([get('now'), get('codes')])
    from.value = local(st.now)
    show(st)
    const open = codes.items.filter((c) => c.url)
    fill(list, open.length === 0 ? h('div', { class: 'empty' }, t('no_codes')) : h('table', {}, open.map((c) => h('tr', {},
      h('td', {}, h('label', {}, h('input', { type: 'checkbox', value: c.url }), ' ', h('span', { class: 'tag' }, t(`code_${c.kind}`)), ' ', c.remark || c.state || c.id)), h('td', {}, c.to)))))
  })
  return h('div', {}, card(t('arrivals'), note(t('arrivals_note')), row(t('arrive_from'), from), row(t('arrive_days'), days), row(t('arrive_each'), each),
    h('h3', {}, t('entries')), list, h('h3', {}, t('other_entries')), other, h('div', { class: 'row' }, go), next))
}

