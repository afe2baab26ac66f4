import { secureSession } from '../../../../lib/index.ts'

export const autoConfig = { cookieName: 'sid', permanentSessionLifetime: 60 }

export default secureSession
