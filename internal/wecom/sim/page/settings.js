// Limits of WeCom, and what the administrator's console grants.

import { act, button, card, every, fill, get, h, known, note, post, row, t } from './ui.js'

const groups = ['customer_contact', 'kf', 'archive', 'moments']
const lists = { trusted_ips: String, visible_departments: Number, visible_members: String, trusted_domains: String }

export function settings() {
  return h('div', {}, permissions(), limits())
}

function permissions() {
  const disabled = h('input', { type: 'checkbox' })
  const old = h('input', { type: 'checkbox' })
  const ticks = Object.fromEntries(groups.map((g) => [g, h('input', { type: 'checkbox' })]))
  const paths = h('input', { class: 'long', placeholder: 'externalcontact/mark_tag, user/*', spellcheck: 'false' })
  const fields = Object.fromEntries(Object.keys(lists).map((k) => [k, h('input', { class: 'long', placeholder: t(`perm_${k}_empty`), spellcheck: 'false' })]))
  const split = (text, as) => text.split(/[,，\s]+/).filter(Boolean).map(as)
  const show = (p) => {
    disabled.checked = Boolean(p.disabled)
    old.checked = Boolean(p.old_app)
    const revoked = p.revoked ?? []
    for (const g of groups) ticks[g].checked = !revoked.includes(g)
    paths.value = revoked.filter((r) => !groups.includes(r)).join(', ')
    for (const k of Object.keys(lists)) fields[k].value = (p[k] ?? []).join(', ')
  }
  const body = () => ({
    disabled: disabled.checked, old_app: old.checked, revoked: groups.filter((g) => !ticks[g].checked).concat(split(paths.value, String)),
    ...Object.fromEntries(Object.entries(lists).map(([k, as]) => [k, split(fields[k].value, as)])),
  })
  act(async () => show(await get('permissions')))
  return card(t('permissions'), note(t('permissions_note')),
    h('div', { class: 'row' }, h('label', {}, disabled, ' ', t('perm_disabled')), h('label', {}, old, ' ', t('perm_old_app'))),
    h('h3', {}, t('perm_granted')), h('div', { class: 'row' }, groups.map((g) => h('label', {}, ticks[g], ' ', t(`perm_${g}`)))), row(t('perm_paths'), paths),
    h('h3', {}, t('perm_who')), h('div', { class: 'columns' }, Object.keys(lists).map((k) => row(t(`perm_${k}`), fields[k]))),
    h('div', { class: 'row' }, button(t('save'), () => act(async () => show(await post('permissions', body())), t('saved')), 'main')))
}

function limits() {
  const form = h('div', { class: 'columns' })
  const blocks = h('div')
  let inputs = {}
  const show = (l) => {
    inputs = {}
    const names = Object.keys(words(l)).filter((k) => known(`limit_${k}`) || k in l)
    fill(form, names.map((k) => {
      const v = l[k]
      if (k === 'real_rates' || k === 'moments_off') inputs[k] = h('input', { type: 'checkbox', checked: Boolean(v) })
      else if (k === 'receive_cap') inputs[k] = h('select', {}, ['month', 'week', 'day'].map((x) => h('option', { value: x, selected: (v || 'month') === x }, t(`cap_${x}`))))
      else inputs[k] = h('input', { type: 'number', step: 'any', value: v ?? '', placeholder: t('limit_default') })
      return h('div', { class: 'slider', style: 'grid-template-columns:1fr max-content' }, h('div', {}, known(`limit_${k}`) ? t(`limit_${k}`) : k), inputs[k])
    }))
  }
  act(async () => show((await get('limits')).limits))
  const el = card(t('limits'), note(t('limits_note')), form, h('div', { class: 'row' }, button(t('save'), () => act(async () => {
    const body = {}
    for (const [k, el] of Object.entries(inputs)) body[k] = el.type === 'checkbox' ? el.checked : el.tagName === 'SELECT' ? el.value : Number(el.value || 0)
    show(await post('limits', body))
  }, t('saved')), 'main')), h('h3', {}, t('blocked')), blocks)
  every(el, 2000, async () => {
    const all = Object.entries((await get('limits')).blocks)
    fill(blocks, all.length === 0 ? h('div', { class: 'empty', style: 'padding:0' }, t('nothing_blocked')) : all.map(([what, until]) => h('div', {}, h('span', { class: 'tag bad' }, '45009'), ` ${what.replaceAll('|', ' · ')} → ${new Date(until).toLocaleTimeString('zh-CN', { hour12: false })}`)))
  })
  return el
}

/** All limits: those with a word first, in the order of the words, then whatever else the simulator has. */
function words(l) {
  const order = ['real_rates', 'api_per_minute', 'api_per_hour', 'ip_per_minute', 'ip_per_hour', 'api_concurrent', 'wrong_secrets', 'detail_lag_ms', 'receive_cap', 'join_by_qr', 'half_add', 'group_size', 'tags', 'edge_tags', 'ways', 'temp_ways', 'links', 'templates', 'customers', 'groups_per_day', 'mass_single', 'mass_group', 'media_whole', 'moments_off', 'moment_jobs', 'moments_month', 'moments_seen', 'products', 'kf_accounts', 'app_sends_each']
  return Object.fromEntries(order.map((k) => [k, true]).concat(Object.keys(l).map((k) => [k, true])))
}
