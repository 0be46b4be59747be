// Signing in at a real server, and reading sign-in addresses.

import { expect, test } from 'vitest'
import { startServer } from '../../../../test/support/server.ts'
import { readSignInAddress, signIn } from './sign-in.ts'

test('a sign-in address names the server and the token', () => {
  expect(readSignInAddress('http://127.0.0.1:7070/sign-in#pws_abc')).toEqual({ url: 'http://127.0.0.1:7070', token: 'pws_abc' })
  for (const other of ['http://127.0.0.1:7070', 'http://127.0.0.1:7070/sign-in', 'acme/hello', 'file:///sign-in#x'])
    expect(readSignInAddress(other)).toBeUndefined()
})

test('signing in gives a token that works; a wrong password and a missing server say so', async () => {
  const server = await startServer({ env: { PUSHWAY_ADMIN_PASSWORD: 'correct horse battery' }, token: 'none' })
  const { token, user } = await signIn(server.url, { user: 'admin', password: 'correct horse battery' }, 'test')
  const answer = await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  expect([user, await answer.json()]).toEqual(['admin', expect.objectContaining({ name: 'admin', admin: true })])
  await expect(signIn(server.url, { user: 'admin', password: 'no' }, 'test')).rejects.toMatchObject({ code: 'sign-in-wrong' })
  await server.stop()
  await expect(signIn(server.url, { token: 'x' }, 'test')).rejects.toMatchObject({ code: 'server-unreachable' })
})

test('a first start gives a one-time sign-in that the support code uses', async () => {
  const server = await startServer()
  expect(await server.client.me()).toMatchObject({ name: 'admin', admin: true })
  expect(await server.client.projects()).toEqual([])
  await server.stop()
})
