// What List and Dict share beside: copies and versions.
import { CoppiceError } from "../errors.js";
import type { AskOptions } from "../link.js";
import type { Reply } from "../resp/reply.js";
import type { Version } from "../versions.js";
import { copyAdapted } from "./adapted.js";
import { Stored, type StoredOptions } from "./stored.js";

export abstract class Collection extends Stored {
  /** The versions in which this changed, newest first, then from when on they are known. */
  history({ count }: { readonly count?: number } = {}): Promise<Version[]> {
    return this.client.log(undefined, { key: this.key, ...(count === undefined ? {} : { count }) });
  }

  /** Makes this what the version `reference` has, also if that is nothing. Costs the same whatever differs. */
  async restore(reference: string, options: AskOptions = {}): Promise<void> {
    await this.putBack(reference, options);
    this.announce(await this.whatChanged(options));
  }

  /** What is told of a change of everything. */
  protected abstract whatChanged(options: AskOptions): Promise<unknown>;

  /** Copies to `key`. Throws CoppiceError when there is nothing to copy, or the key is taken. */
  protected async copyTo(key: string, options: AskOptions): Promise<StoredOptions> {
    const { client } = this;
    const to = this.fullKey(key);
    const adapter = await this.adapterNow(options);
    if (adapter !== null) await copyAdapted(client, adapter, key, options);
    else if ((await this.#copyOwn(to, options)) !== 1) {
      throw new CoppiceError("COPY", `Could not copy '${this.key}': it is empty, or '${to}' is taken`);
    }
    return this.alike(client.present, key);
  }

  async #copyOwn(to: string, options: AskOptions): Promise<Reply> {
    const { client } = this;
    if (client.reference === null) return this.read(["COPY", to], options);
    return client.present.command(["COPY", this.key, to, "FROM", client.reference], options);
  }
}
