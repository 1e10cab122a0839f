// Where everything stands: what a client needs, where callbacks go, and what has happened.

import { act, button, card, copyButton, every, fill, get, h, note, post, row, shortTime, t, toast } from './ui.js'

const keyNames = ['base_url', 'corp_id', 'agent_id', 'secret', 'contacts_secret', 'archive_secret', 'token', 'encoding_aes_key']
const sizeNames = ['departments', 'members', 'people', 'relations', 'groups', 'ways', 'join_ways', 'acts']
const countNames = ['scans', 'adds', 'joins', 'exits', 'replies', 'deletes', 'dead_ends', 'mass_tasks', 'mass_confirmed', 'callbacks_sent', 'callbacks_failed']

export function overview() {
  const box = h('div', { class: 'cards' })
  const keys = card(t('keys'), note(t('keys_note')))
  const figures = card(t('truth'), note(t('truth_note')))
  const numbers = h('div', { class: 'numbers' })
  figures.append(numbers)
  const callbacks = receiver()
  const rates = h('div')
  keys.append(rates)
  figures.classList.add('wide')
  box.append(keys, callbacks, figures)
  let drawn = false
  every(box, 2000, async () => {
    const o = await get('overview')
    if (!drawn) {
      drawn = true
      keys.append(keyList(o.keys), snippet(o.keys))
    }
    fill(rates, o.unrated ? h('div', { class: 'box info' }, t('unrated')) : null)
    const one = (name, n) => h('div', {}, h('b', {}, String(n ?? 0)), h('span', {}, t(`n_${name}`)))
    fill(numbers, sizeNames.map((name) => one(name, o.sizes[name])), countNames.map((name) => one(name, o.counts[name])))
  })
  return box
}

const keyList = (keys) => h('dl', { class: 'keys' }, keyNames.filter((k) => keys[k]).map((k) => [h('dt', {}, t(`key_${k}`)), h('dd', {}, String(keys[k])), h('dd', {}, copyButton(String(keys[k])))]))

function snippet(keys) {
  const line = `curl '${keys.base_url}/cgi-bin/gettoken?corpid=${keys.corp_id}&corpsecret=${keys.secret}'`
  return h('div', {}, h('h3', {}, t('try_it')), h('pre', {}, line), h('div', { class: 'row' }, copyButton(line)))
}

/** The form of the callback address, as the console of WeCom has it, and the last deliveries. */
function receiver() {
  const url = h('input', { class: 'long', placeholder: 'https://example.com/callback', spellcheck: 'false' })
  const token = h('input', { class: 'long', spellcheck: 'false' })
  const aes = h('input', { class: 'long', spellcheck: 'false', maxlength: 43 })
  const mode = h('select', {}, h('option', { value: 'documented' }, t('deliver_documented')), h('option', { value: 'refused' }, t('deliver_documented_retry')), h('option', { value: 'all' }, t('deliver_all')))
  const result = h('div')
  const last = h('div')
  const body = () => ({ url: url.value.trim(), token: token.value.trim(), encoding_aes_key: aes.value.trim(), documented: mode.value !== 'all', retry_refused: mode.value === 'refused' })
  const show = (r) => {
    url.value = r.url
    token.value = r.token
    aes.value = r.encoding_aes_key
    mode.value = !r.documented ? 'all' : r.retry_refused ? 'refused' : 'documented'
  }
  const outcome = (out) => {
    const c = out.check
    if (!c) return fill(result)
    const ms = `${Math.round(c.ms)} ms`
    return fill(result, h('div', { class: c.ok ? 'box good' : 'box bad' }, c.ok ? t('check_ok', { ms }) : c.problem,
      c.ok ? null : h('div', {}, h('small', {}, t('check_detail', { status: c.status || t('no_answer'), ms, got: c.got || t('nothing') })))))
  }
  const send = (extra, done) => act(async () => {
    const out = await post('callback', { ...body(), ...extra })
    outcome(out)
    if (out.saved) {
      show(out.receiver)
      toast(done ?? t('saved'))
    }
  })
  const el = card(t('callback'), note(t('callback_note')), row('URL', url), row('Token', token), row('EncodingAESKey', aes), row(t('deliver'), mode),
    h('div', { class: 'row' }, button(t('check_save'), () => send({}), 'main'), button(t('check_only'), () => send({ probe: true })),
      button(t('save_unchecked'), () => send({ unchecked: true })), button(t('callback_off'), () => act(async () => {
        show((await post('callback', { ...body(), url: '' })).receiver)
        fill(result)
      }, t('callback_is_off')))),
    result, h('h3', {}, t('last_deliveries')), last)
  act(async () => show(await get('callback')))
  every(el, 2000, async () => {
    const { items } = await get('recording?kind=callback&limit=6')
    fill(last, items.length === 0 ? h('div', { class: 'empty' }, t('no_deliveries')) : h('table', {}, items.reverse().map((r) => h('tr', {},
      h('td', { class: 'tight' }, shortTime(r.sim)), h('td', {}, r.event), h('td', {}, r.about), h('td', {}, h('span', { class: r.status === 200 ? 'tag good' : 'tag bad' }, r.status || r.fault || t('no_answer')))))))
  })
  return el
}
