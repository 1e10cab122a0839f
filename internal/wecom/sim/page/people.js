// People and members, and what can be done in their place.

import { actForm } from './hand.js'
import { act, button, card, fill, get, h, note, post, row, shortTime, t, toast } from './ui.js'

export function people() {
  const list = h('div', { class: 'list' })
  const detail = h('div', {}, card(t('people_pick'), note(t('people_note'))))
  const search = h('input', { class: 'long', type: 'search', placeholder: t('search_people') })
  let kind = 'person'
  let chosen = ''
  let codes = { items: [], groups: [], tags: [] }
  const seg = h('div', { class: 'seg' })
  const drawSeg = () => fill(seg, ['person', 'staff'].map((k) => h('button', { type: 'button', 'aria-pressed': String(k === kind), onclick: () => { kind = k; drawSeg(); find() } }, t(`kind_${k}`))))
  async function find() {
    const { items } = await get(`api/people?kind=${kind}&q=${encodeURIComponent(search.value)}`)
    fill(list, items.length === 0 ? h('div', { class: 'empty', style: 'padding:16px 20px' }, t('nobody')) : items.map((p) => h('button', {
      type: 'button', 'aria-current': p.id === chosen ? 'true' : null,
      onclick: () => act(async () => {
        chosen = p.id
        await open(p.id)
        for (const b of list.children) b.removeAttribute('aria-current')
        list.children[items.indexOf(p)]?.setAttribute('aria-current', 'true')
      }),
    }, p.name, ' ', p.tasks ? h('span', { class: 'tag warn' }, t('tasks_n', { n: p.tasks })) : null,
    h('small', {}, [p.detail, p.id].filter(Boolean).join(' · ')), h('small', {}, t(kind === 'staff' ? 'staff_has' : 'person_has', { friends: p.friends, groups: p.groups })))))
  }
  async function open(id) {
    const p = await get(`api/person/${encodeURIComponent(id)}`)
    const again = () => act(() => open(id))
    fill(detail, p.kind === 'staff' ? memberCards(p, codes, again) : personCards(p, codes, again), actForm(p, codes, again))
  }
  search.addEventListener('input', () => act(find))
  const el = h('div', { class: 'split' }, h('section', { class: 'card' }, h('div', { class: 'row', style: 'margin-top:0' }, seg), h('div', { class: 'row' }, search), list), detail)
  drawSeg()
  act(async () => {
    codes = await get('codes')
    await find()
  })
  return el
}

const statusTag = (c) => h('span', { class: `tag ${c.status === 'friend' || c.status === 'member' ? 'good' : c.status === 'pending' ? 'warn' : 'bad'}` }, t(`chat_${c.status}`))

/** Where a person says or does something in a chat. */
function chatRow(c, send, others) {
  const text = h('input', { class: 'long', placeholder: t('write_something') })
  const go = () => send(text.value).then(() => { text.value = '' })
  text.addEventListener('keydown', (e) => e.key === 'Enter' && go())
  const open = c.status === 'friend' || c.status === 'member'
  return h('tr', {}, h('td', {}, h('div', {}, c.name, ' ', statusTag(c)), h('small', { class: 'note' }, c.people ? t('people_n', { n: c.people }) : c.peer)),
    h('td', {}, c.last ? `${shortTime(c.at)}  ${c.last}` : ''),
    h('td', {}, open ? h('div', { class: 'row', style: 'margin:0;flex-wrap:nowrap' }, text, button(t('send'), go, 'small'), others) : null))
}

function personCards(p, codes, again) {
  const on = (path, body, done) => act(async () => {
    const out = await post(`api/${path}`, { person: p.id, ...body })
    again()
    return out
  }, done)
  const chats = p.chats.length === 0 ? h('div', { class: 'empty' }, t('no_chats')) : h('table', {}, p.chats.map((c) => c.chat_id
    ? chatRow(c, (text) => on('reply', { chat_id: c.chat_id, text }, t('sent')), button(t('leave_group'), () => on('leave', { chat_id: c.chat_id }, t('done')), 'small danger'))
    : chatRow(c, (text) => on('reply', { peer: c.peer, text }, t('sent')), button(t('delete_member'), () => on('delete', { userid: c.peer }, t('done')), 'small danger'))))
  const head = card(p.name, h('p', { class: 'note' }, [p.id, p.home_store && t('lives_at', { store: p.home_store })].filter(Boolean).join(' · ')), chats)
  return [head, scanner(p.id, codes, on)]
}

/** Opens a code or a page as the person would, and shows what could be done there. */
function scanner(person, codes, on) {
  const url = h('input', { class: 'long', list: 'codes', placeholder: t('scan_placeholder'), spellcheck: 'false' })
  const options = h('datalist', { id: 'codes' }, codes.items.filter((c) => c.url).map((c) => h('option', { value: c.url }, `${t(`code_${c.kind}`)} ${c.remark || c.state || ''} → ${c.to}`)))
  const seen = h('div')
  const offer = (v) => fill(seen,
    v.staff_qr ? h('div', { class: 'row' }, t('page_offers_staff'), button(t('add_friend'), () => on('add', { qr: v.staff_qr }, (o) => t(o.pending ? 'add_pending' : 'added', { name: o.name })), 'main')) : null,
    v.group_qr ? h('div', { class: 'row' }, t('page_offers_group'), button(t('join_group'), () => on('join', { qr: v.group_qr }, (o) => t('joined', { name: o.name })), 'main')) : null,
    v.staff_qr || v.group_qr ? null : h('div', { class: 'box info' }, t('page_offers_nothing')))
  const el = card(t('scan'), note(t('scan_note')), h('div', { class: 'row' }, url, button(t('scan_do'), async () => {
    const v = await act(() => post('api/scan', { person, url: url.value.trim() }))
    if (v) offer(v)
  }, 'main')), options, seen)
  return el
}

function memberCards(p, codes, again) {
  const tasks = h('div', {}, '…')
  const mine = `api/staff/${encodeURIComponent(p.id)}`
  const on = (path, body, done) => act(async () => {
    const out = await post(`${mine}/${path}`, body)
    again()
    return out
  }, done)
  act(async () => {
    const { items } = await get(`${mine}/tasks`)
    fill(tasks, items.length === 0 ? h('div', { class: 'empty' }, t('no_tasks')) : h('table', {}, items.map((m) => h('tr', {},
      h('td', {}, shortTime(m.created_at)), h('td', {}, h('div', {}, m.text || t('attachment')), h('small', { class: 'note' }, t('recipients_n', { n: m.recipients, names: m.recipient_names.slice(0, 3).join('、') }))),
      h('td', {}, button(t('confirm'), () => on('confirm', { msgid: m.msgid }, (o) => t('confirmed', o)), 'small'))))))
  })
  const chats = p.chats.slice(0, 60).map((c) => chatRow(c, (text) => on('sidebar', c.chat_id ? { chat_id: c.chat_id, text } : { external_userid: c.peer, text }, t('sent')), null))
  return [
    card(p.name, h('p', { class: 'note' }, [p.id, p.position].filter(Boolean).join(' · ')), h('h3', {}, t('tasks')), tasks),
    card(t('chats'), p.chats.length === 0 ? h('div', { class: 'empty' }, t('no_chats')) : h('div', { class: 'scroll' }, h('table', {}, chats)),
      p.chats.length > 60 ? note(t('chats_cut', { n: p.chats.length })) : null),
    clientForm(codes, on),
  ]
}

const clientFields = {
  create_group: ['text'], rename: ['chat_id', 'text'], dismiss: ['chat_id'], transfer: ['chat_id', 'text'], invite: ['chat_id', 'external_userid'],
  remove: ['chat_id', 'external_userid'], delete: ['external_userid'], tag: ['external_userid', 'add', 'remove'], remark: ['external_userid', 'text'],
}

/** What a member does in the client by hand. */
function clientForm(codes, on) {
  const kind = h('select', {}, Object.keys(clientFields).map((k) => h('option', { value: k }, t(`client_${k}`))))
  const form = h('div')
  let inputs = {}
  const draw = () => {
    inputs = {}
    fill(form, clientFields[kind.value].map((f) => {
      if (f === 'chat_id') inputs[f] = h('select', {}, codes.groups.map((g) => h('option', { value: g.id }, g.name)))
      else if (f === 'add' || f === 'remove') inputs[f] = h('select', { multiple: true, size: 4 }, codes.tags.map((g) => h('option', { value: g.id }, g.name)))
      else inputs[f] = h('input', { class: 'long' })
      return row(t(f === 'text' ? `text_${kind.value}` : `field_${f}`), inputs[f])
    }))
  }
  kind.addEventListener('change', draw)
  draw()
  return card(t('client'), note(t('client_note')), row(t('client_kind'), kind), form, h('div', { class: 'row' }, button(t('do_it'), async () => {
    const body = { kind: kind.value }
    for (const [f, el] of Object.entries(inputs)) body[f] = el.multiple ? [...el.selectedOptions].map((o) => o.value) : el.value.trim()
    const out = await on('act', body)
    if (out) toast(out.chat_id ? t('done_with', { what: out.chat_id }) : t('done'))
  }, 'main')))
}
