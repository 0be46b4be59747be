// Asks once before something that changes production, saying what it will do; and buttons that act at once.

import { useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, toApiError } from '../lib/api.ts'
import { ErrorBox } from './basics.tsx'

export interface Question {
  readonly title: string
  /** What will happen, in words. */
  readonly says: string
  /** On the button that does it. */
  readonly verb: string
  readonly danger?: boolean
  /** Whether a reason is asked for. */
  readonly reason?: 'optional' | 'required'
  readonly run: (why: string) => Promise<unknown>
}

/** The dialog of a question; `onClose` when it is answered or left. */
export function Ask({ question, onClose }: { readonly question: Question; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [why, setWhy] = useState('')
  const { act, busy, error, dismiss } = useAct()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await act(() => question.run(why.trim()))) onClose()
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="ask-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="ask-title">{question.title}</h2>
        <p>{question.says}</p>
        {question.reason && (
          <label class="field">
            <span>Reason{question.reason === 'optional' && <span class="dim"> (optional)</span>}</span>
            <textarea rows={2} value={why} required={question.reason === 'required'} onInput={(event) => setWhy(event.currentTarget.value)} />
          </label>
        )}
        <ErrorBox error={error} onDismiss={dismiss} />
        <div class="actions end">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class={question.danger ? 'danger' : 'primary'} disabled={busy}>
            {question.verb}
          </button>
        </div>
      </form>
    </dialog>
  )
}

export interface Act {
  /** Runs it and gives whether it went well; a failure is kept in `error`. */
  readonly act: (run: () => Promise<unknown>) => Promise<boolean>
  readonly busy: boolean
  readonly error: ApiError | undefined
  readonly dismiss: () => void
}

/** State of something the user does: busy, or failed and why. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ApiError | undefined>()
  const act = async (run: () => Promise<unknown>) => {
    setBusy(true)
    setError(undefined)
    try {
      await run()
      return true
    } catch (failure) {
      setError(toApiError(failure))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { act, busy, error, dismiss: () => setError(undefined) }
}
