// What is done by hand in the clients and at the administrator's console: POST act with a kind and its fields.

import { act, button, card, fill, get, h, known, note, post, row, t, toast } from './ui.js'

// Kinds with their fields. A field's kind: text, number, bool, list (commas), ids (numbers with commas), group, tag, json.
const kinds = {
  resign: { userid: 'text' },
  hire: { userid: 'text', name: 'text', departments: 'ids', position: 'text', diligence: 'number' },
  move: { userid: 'text', departments: 'ids' },
  department_create: { name: 'text', parent_id: 'number' },
  department_update: { id: 'number', name: 'text', parent_id: 'number' },
  department_delete: { id: 'number' },
  tag_create: { group: 'text', names: 'list' },
  tag_update: { id: 'tag', name: 'text' },
  tag_delete: { id: 'tag' },
  tag_shuffle: { id: 'text' },
  template_create: { text: 'text' },
  pick_template: { userid: 'text', template_id: 'text', chat_ids: 'list' },
  refuse_transfer: { person: 'text', userid: 'text' },
  ask: { person: 'text', userid: 'text', text: 'text' },
  write: { userid: 'text', external_userid: 'text', text: 'text' },
  apply: { userid: 'text', external_userid: 'text' },
  block: { person: 'text', userid: 'text' },
  quota_add: { amount: 'number' },
  link_delete: { link_id: 'text' },
  app_enter: { userid: 'text' },
  app_subscribe: { userid: 'text' },
  app_unsubscribe: { userid: 'text' },
  app_close: { },
  app_reopen: {},
  app_menu: { userid: 'text', key: 'text', url: 'text' },
  app_write: { userid: 'text', text: 'text' },
  app_press: { userid: 'text', msgid: 'text', key: 'text', selected: 'json' },
  app_card_menu: { userid: 'text', msgid: 'text', key: 'text' },
  moment_publish: { userid: 'text', moment_id: 'text' },
  moment_delete: { userid: 'text', moment_id: 'text' },
  moment_like: { person: 'text', userid: 'text', moment_id: 'text' },
  moment_comment: { person: 'text', userid: 'text', moment_id: 'text' },
  moment_post: { userid: 'text', text: 'text' },
  consent: { person: 'text', userid: 'text', chat_id: 'text', agree: 'bool' },
  show: { person: 'text', userid: 'text', chat_id: 'text', msgtype: 'text' },
  recall: { userid: 'text', msgid: 'text' },
  kf_enter: { person: 'text', open_kfid: 'kf' },
  kf_say: { person: 'text', open_kfid: 'kf', text: 'text' },
  kf_recall: { person: 'text', open_kfid: 'kf', msgid: 'text' },
  kf_refuse: { person: 'text', open_kfid: 'kf', refuse: 'bool' },
  kf_answer: { userid: 'text', person: 'text', open_kfid: 'kf', text: 'text' },
  kf_take: { userid: 'text', person: 'text', open_kfid: 'kf' },
  kf_end: { userid: 'text', person: 'text', open_kfid: 'kf' },
  kf_serve: { userid: 'text', open_kfid: 'kf', status: 'number' },
  kf_servicer_recall: { userid: 'text', person: 'text', open_kfid: 'kf', msgid: 'text' },
  kf_reject: { userid: 'text', person: 'text', open_kfid: 'kf', refuse: 'bool' },
  kf_authorize: { open_kfid: 'kf', agree: 'bool' },
  emit: { event: 'event', fields: 'json' },
}

/** The events that can be pushed as told, each with the names of its fields. */
let events = {}

function input(kind, codes) {
  switch (kind) {
    case 'bool': return h('input', { type: 'checkbox', checked: true })
    case 'number': return h('input', { type: 'number', step: 'any' })
    case 'tag': return h('select', {}, codes.tags.map((x) => h('option', { value: x.id }, x.name)))
    case 'kf': return h('select', {}, codes.items.filter((x) => x.kind === 'kf').map((x) => h('option', { value: x.id }, x.remark)))
    case 'event': return h('select', {}, Object.keys(events).map((name) => h('option', { value: name }, name)))
    case 'json': return h('textarea', { placeholder: '{}' })
    default: return h('input', { class: 'long', placeholder: kind === 'list' || kind === 'ids' ? t('with_commas') : '' })
  }
}

function value(kind, el) {
  const text = kind === 'bool' ? '' : el.value.trim()
  if (kind === 'bool') return el.checked
  if (text === '') return undefined
  switch (kind) {
    case 'number': return Number(text)
    case 'list': return text.split(/[,，]/).map((x) => x.trim()).filter(Boolean)
    case 'ids': return text.split(/[,，]/).map(Number)
    case 'json': return JSON.parse(text)
    default: return text
  }
}

/** The form of everything that can be done by hand; whoever is chosen is filled in. */
export function actForm(who, codes, again) {
  const choice = h('select', {})
  const form = h('div')
  const answer = h('div')
  let inputs = {}
  const draw = () => {
    inputs = {}
    fill(answer)
    fill(form, Object.entries(kinds[choice.value] ?? { body: 'json' }).map(([name, kind]) => {
      const el = input(kind, codes)
      inputs[name] = [kind, el]
      if (kind === 'text' && name === 'userid' && who.kind === 'staff') el.value = who.id
      if (kind === 'text' && (name === 'person' || name === 'external_userid') && who.kind === 'person') el.value = who.id
      return row(known(`field_${name}`) ? t(`field_${name}`) : name, el)
    }))
    if (inputs.event) {
      const example = () => inputs.fields[1].placeholder = JSON.stringify(Object.fromEntries(events[inputs.event[1].value].map((name) => [name, ''])))
      inputs.event[1].addEventListener('change', example)
      example()
    }
  }
  choice.addEventListener('change', draw)
  act(async () => {
    const acts = await get('acts')
    const all = acts.kinds
    events = acts.events
    const order = Object.keys(kinds)
    all.sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99))
    fill(choice, all.map((k) => h('option', { value: k }, known(`act_${k}`) ? t(`act_${k}`) : k)))
    draw()
  })
  return card(t('by_hand'), note(t('by_hand_note')), row(t('act_kind'), choice), form, h('div', { class: 'row' }, button(t('do_it'), () => act(async () => {
    let body = {}
    for (const [name, [kind, el]] of Object.entries(inputs)) {
      let v
      try {
        v = value(kind, el)
      } catch {
        toast(t('bad_json'), true)
        return
      }
      if (name === 'body') body = v ?? {}
      else if (v !== undefined) body[name] = v
    }
    const out = await post('act', { ...body, kind: choice.value })
    delete out.ok
    fill(answer, Object.keys(out).length > 0 ? h('pre', {}, JSON.stringify(out, null, 2)) : null)
    toast(t('done'))
    again()
  }), 'main')), answer)
}
