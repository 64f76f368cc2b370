/** What the user can understand and change: the message is complete in itself and shown without a stack. */
export class Failure extends Error {}
