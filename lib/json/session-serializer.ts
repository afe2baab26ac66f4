/**
 * The default serializer of sessions.
 *
 * @module
 */

import { TaggedJSONSerializer } from './tagged-json-serializer.ts'

/** Flask's `session_json_serializer`. Tags that are registered here apply to every session that uses it. */
export const sessionJSONSerializer: TaggedJSONSerializer = new TaggedJSONSerializer()
