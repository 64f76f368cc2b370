import { render } from "preact";
import type { Subject } from "../azuredevops/host";
import { Following } from "../following/following";
import type { Results, Row } from "../results/model";
import { SourceError } from "../source";
import { App } from "./app";
import type { Navigation } from "./navigation";
import { Notice } from "./notice";

/** What Azure DevOps is told of how loading went. */
export interface Loading {
  succeeded(): void;
  failed(why: string): void;
}

/** Follows the run that the page is about, and shows it in an element of the page. */
export class Tab {
  readonly #subject: Subject;
  readonly #navigation: Navigation;
  readonly #element: Element;
  readonly #loading: Loading;
  readonly #following: Following;
  #results: Results | null = null;
  #only: Row | undefined;
  #failure = "";

  constructor(subject: Subject, navigation: Navigation, element: Element, loading: Loading) {
    this.#subject = subject;
    this.#navigation = navigation;
    this.#element = element;
    this.#loading = loading;
    this.#following = new Following(subject.source, {
      show: (results) => void this.#show(results),
      fail: (error) => this.#fail(error),
    });
  }

  begin(): void {
    this.#subject.onChange((running) => this.#following.told(running));
    void this.#following.begin();
  }

  async #show(results: Results): Promise<void> {
    const { test } = this.#subject;
    try {
      this.#only = test?.row(results);
      if (test && !this.#only && !results.run.running) {
        results = await test.alone(results.run);
        this.#only = results.rows[0];
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#results = results;
    this.#render();
    this.#loading.succeeded();
  }

  #fail(error: unknown): void {
    const failure = error === null ? "" : sentence(error);
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#render();
    if (failure) this.#loading.failed(failure);
  }

  #render(): void {
    const { test, source } = this.#subject;
    render(
      test && this.#results && !this.#only ? (
        <Notice kind="note">This notebook has no results yet: they are shown when it has.</Notice>
      ) : (
        <App
          source={source}
          navigation={this.#navigation}
          results={this.#results}
          only={this.#only}
          failure={this.#failure}
          look={() => this.#following.look()}
        />
      ),
      this.#element,
    );
  }
}

/** Of an error, for people. */
export function sentence(error: unknown): string {
  return error instanceof SourceError ? error.message : `The page has a fault (${String(error)}): reload it.`;
}
