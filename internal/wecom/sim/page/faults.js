// What goes wrong: sliders for all calls and callbacks, rules for single APIs.

import { act, button, card, fill, get, h, note, post, t } from './ui.js'

const chances = { callbacks: ['lose', 'double', 'reorder', 'replay', 'garbage'], calls: ['api_error', 'throttle', 'crowd', 'drop_before', 'drop_after_effect'] }
const delays = { callbacks: 'delay_ms', calls: 'slow_ms' }

export function faults() {
  let set = {}
  let timer
  const state = h('span', { class: 'tag' })
  const apply = () => {
    clearTimeout(timer)
    timer = setTimeout(() => act(async () => {
      set = await post('faults', set)
      tell()
    }), 250)
  }
  const on = () => Object.entries(set).some(([k, v]) => k !== 'token_invalid' && (typeof v === 'number' ? v > 0 : v && Object.keys(v).length > 0))
  const tell = () => {
    state.className = on() ? 'tag bad' : 'tag good'
    state.textContent = t(on() ? 'faults_on' : 'faults_off')
  }
  const slider = (name, max, step, unit) => {
    const out = h('output', {}, '')
    const range = h('input', { type: 'range', min: 0, max, step, value: 0, 'aria-label': t(`fault_${name}`) })
    const line = h('div', { class: 'slider' }, h('div', {}, t(`fault_${name}`), h('small', {}, t(`fault_${name}_note`))), range, out)
    const show = () => {
      const v = Number(range.value)
      line.classList.toggle('on', v > 0)
      out.textContent = unit === '%' ? `${Math.round(v * 100)}%` : `${v} ms`
    }
    range.addEventListener('input', () => {
      set[name] = Number(range.value)
      show()
      apply()
    })
    line.read = () => {
      range.value = set[name] ?? 0
      show()
    }
    return line
  }
  const sliders = []
  const group = (kind) => card(t(`faults_${kind}`), note(t(`faults_${kind}_note`)), chances[kind].map((name) => {
    const one = slider(name, 1, 0.01, '%')
    sliders.push(one)
    return one
  }), (() => {
    const one = slider(delays[kind], 10000, 50, 'ms')
    sliders.push(one)
    return one
  })())
  const rules = ruleTable(() => set, apply)
  const read = () => {
    for (const one of sliders) one.read()
    rules.read()
    tell()
  }
  const box = h('div', {},
    h('div', { class: 'bar', style: 'min-height:0' }, state, h('span', { class: 'grow' }),
      button(t('invalidate'), () => act(() => post('faults', { ...set, token_invalid: true }), t('invalidated'))),
      button(t('all_off'), () => act(async () => {
        set = await post('faults', {})
        read()
      }))),
    h('div', { class: 'cards' }, group('callbacks'), group('calls')), h('div', { style: 'height:16px' }), rules.el)
  act(async () => {
    set = await get('faults')
    read()
  })
  return box
}

/** Faults of single APIs. */
function ruleTable(current, apply) {
  const body = h('tbody')
  const list = () => (current().rules ??= [])
  const cell = (rule, name, props, parse = Number) => h('td', {}, h('input', { ...props, value: rule[name] ?? '', onchange: (e) => {
    const v = parse(e.target.value)
    if (v === '' || v === 0 || Number.isNaN(v)) delete rule[name]
    else rule[name] = v
    if (complete(rule)) apply()
  } }))
  const tick = (rule, name) => h('td', {}, h('input', { type: 'checkbox', checked: Boolean(rule[name]), 'aria-label': t(`rule_${name}`), onchange: (e) => {
    if (e.target.checked) rule[name] = true
    else delete rule[name]
    if (complete(rule)) apply()
  } }))
  const complete = (rule) => rule.api && (rule.code || rule.slow_ms || rule.drop_before || rule.drop_after)
  const read = () => fill(body, list().length === 0 ? h('tr', {}, h('td', { colspan: 8, class: 'empty' }, t('no_rules'))) : list().map((rule, i) => h('tr', {},
    cell(rule, 'api', { style: 'width:100%', placeholder: 'externalcontact/*', spellcheck: 'false' }, (v) => v.trim()),
    cell(rule, 'code', { type: 'number', placeholder: '—' }), cell(rule, 'slow_ms', { type: 'number', min: 0, placeholder: '—' }), tick(rule, 'drop_before'), tick(rule, 'drop_after'),
    cell(rule, 'chance', { type: 'number', min: 0, max: 1, step: 0.05, placeholder: '1' }), cell(rule, 'times', { type: 'number', min: 0, placeholder: '∞' }),
    h('td', {}, button(t('remove'), () => {
      list().splice(i, 1)
      read()
      apply()
    }, 'small danger')))))
  const el = card(t('rules'), note(t('rules_note')), h('table', {}, h('thead', {}, h('tr', {}, ['api', 'code', 'slow_ms', 'drop_before', 'drop_after', 'chance', 'times'].map((k) => h('th', {}, t(`rule_${k}`))), h('th'))), body),
    h('div', { class: 'row' }, button(t('add_rule'), () => {
      list().push({ api: '', code: 45009 })
      read()
    })))
  return { el, read }
}
