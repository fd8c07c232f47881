import type { INamespace } from 'protobufjs'

/** A message: its fields, each as `NUMBER [repeated] TYPE` or `NUMBER map<KEY,TYPE>`. */
export type MessageNotation = Readonly<Record<string, string>>
export type MessagesNotation = Readonly<Record<string, MessageNotation>>

/** What the library reads of messages that are noted in short. */
export const describeMessages = (messages: MessagesNotation): INamespace => ({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, text]) => [field, describeField(text)]),
        ),
      },
    ]),
  ),
})

function describeField(text: string) {
  const [, number, repeated, keyType, ofMap, plain] =
    /^(\d+) (repeated )?(?:map<(\w+),([\w.]+)>|([\w.]+))$/.exec(text) ?? []
  if (number === undefined) throw new Error(`no field of a message: ${text}`)
  const id = Number(number)
  if (keyType !== undefined) return { id, keyType, type: ofMap ?? '' }
  const type = plain ?? ''
  return repeated ? { id, type, rule: 'repeated' } : { id, type }
}
