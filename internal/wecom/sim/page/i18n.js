// The page's words.

import { en } from './i18n.en.js'
import { zh } from './i18n.zh.js'

export const words = { zh, en }
