import type { Key, Message, PublicKey, SignaturePacket } from 'openpgp'
import { LighterError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'

const MAX_PAYLOAD = 256 * 1024

/** What a signed message holds, and who has signed it. */
export interface SignedMessage {
  content: Uint8Array
  signer: Signer
  /** Milliseconds since 1970 when signature or key expires first; absent: never. */
  until?: number
}

export interface Signer {
  /** The user id of the key. */
  name: string
  /** Of the primary key, in hex. */
  fingerprint: string
}

/** Why a signature does not count. */
export class SignatureError extends Error {}

const ARMORED = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

/** Public keys: the files of a keyring, or blocks in armour with whatever is written around them. Throws `host-setup`. */
export async function readKeyring(files: readonly Buffer[]): Promise<PublicKey[]> {
  const { readKeys } = await import('openpgp')
  const keys: Key[] = []
  for (const bytes of files) {
    const blocks = bytes.toString('latin1').match(ARMORED) ?? []
    try {
      for (const block of blocks) keys.push(...(await readKeys({ armoredKeys: block })))
      if (blocks.length === 0) keys.push(...(await readKeys({ binaryKeys: new Uint8Array(bytes) })))
    } catch (error) {
      const reason = (error as Error).message
      throw new LighterError('host-setup', `signature policy: no OpenPGP keys: ${reason}`, {
        cause: error,
      })
    }
  }
  return keys.map((key) => key.toPublic())
}

/**
 * Checks a message with one signature, made by one of the keys. As gpg sees it: whoever has expired or is revoked by now does not
 * count, even where the signature is older. Throws `SignatureError`.
 */
export async function verifyMessage(
  bytes: Buffer,
  keyring: readonly PublicKey[],
): Promise<SignedMessage> {
  try {
    return await verify(bytes, keyring)
  } catch (error) {
    if (error instanceof SignatureError) throw error
    throw new SignatureError((error as Error).message)
  }
}

async function verify(bytes: Buffer, keyring: readonly PublicKey[]): Promise<SignedMessage> {
  const { readMessage, enums, config } = await import('openpgp')
  const limits = { ...config, maxDecompressedMessageSize: MAX_PAYLOAD }
  const outer = await readMessage({ binaryMessage: new Uint8Array(bytes), config: limits })
  // Everything is taken from the inner message: what is verified is what is read.
  const message = outer.unwrapCompressed() as Message<Uint8Array>
  const content = message.getLiteralData()
  const now = new Date()
  const [result, ...others] = await message.verify([...keyring], now, limits)
  if (!content || !result || others.length > 0) {
    throw new SignatureError('it is no message with one signature')
  }
  await result.verified
  const [packet] = (await result.signature).packets as unknown as SignaturePacket[]
  const key = keyring.find((candidate) => candidate.getKeys(result.keyID).length > 0)
  if (!packet || !key) throw new SignatureError('its key is not among the trusted ones')
  const { binary, text } = enums.signature
  if (packet.signatureType !== binary && packet.signatureType !== text) {
    throw new SignatureError('it is a signature of something else')
  }
  const signing = await key.getSigningKey(result.keyID, now)
  if (await key.isRevoked(undefined, undefined, now)) throw new SignatureError('its key is revoked')
  const ends = [
    packet.getExpirationTime(),
    await key.getExpirationTime(),
    'mainKey' in signing ? await signing.getExpirationTime(now) : undefined,
  ].flatMap((end) => (end instanceof Date ? [end.getTime()] : []))
  if (ends.some((end) => end <= now.getTime()))
    throw new SignatureError('it or its key has expired')
  return {
    content,
    signer: { name: printable(key.getUserIDs()[0] ?? ''), fingerprint: key.getFingerprint() },
    ...(ends.length > 0 ? { until: Math.min(...ends) } : {}),
  }
}
