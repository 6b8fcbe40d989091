import type { Part } from './catalogue.ts'

export const part51: Part = { name: '5.1', title: 'the terminal', units: [] }
