import { describe, expect, test } from 'vitest'
import { fitsVersion, newestFit, parseVersion, type Version } from './node-version.ts'

const v = (text: string) => parseVersion(text) as Version

describe('which Node.js a node-version means', () => {
  test.each([
    ['18', '18.20.8', true],
    ['18', '20.1.0', false],
    ['v18', '18.0.0', true],
    ['18.x', '18.1.0', true],
    ['18.2', '18.2.9', true],
    ['18.2', '18.3.0', false],
    ['>=18', '20.20.2', true],
    ['>=18', '16.0.0', false],
    ['>= 18 <21', '20.9.0', true],
    ['>= 18 <21', '21.0.0', false],
    ['>18', '18.9.0', false],
    ['>18', '19.0.0', true],
    ['<=18', '18.20.8', true],
    ['18 - 20', '20.5.0', true],
    ['18 - 20', '21.0.0', false],
    ['^20.19.0 || >=22', '20.19.1', true],
    ['^20.19.0 || >=22', '21.0.0', false],
    ['~20.11', '20.11.7', true],
    ['20.11.1', '20.11.1', true],
    ['20.11.1', '20.11.2', false],
    ['lts/*', '20.1.0', true],
    ['lts/*', '21.1.0', false],
    ['lts/hydrogen', '18.1.0', true],
    ['latest', '20.1.0', true],
    ['*', '20.1.0', true],
    ['lts/none', '18.1.0', undefined],
    ['eighteen', '18.1.0', undefined],
    ['18; rm -rf /', '18.1.0', undefined],
  ])('%s and %s: %s', (wanted, version, fits) => {
    expect(fitsVersion(wanted, v(version))).toBe(fits)
  })

  test('the newest that fits, by number, without pre-releases', () => {
    expect(newestFit('18', ['18.9.0', '18.20.8', '18.3.0', '20.0.0', '18.99.0-rc.1'])).toBe('18.20.8')
    expect(newestFit('99', ['18.9.0'])).toBeUndefined()
  })
})
