import { Component, type ComponentChildren } from "preact";
import { Notice } from "./notice";

interface Props {
  /** What is inside, for people: `The table`. */
  what: string;
  children: ComponentChildren;
}

/** A part of the page that fails says so in its place, and leaves the others as they are. */
export class Boundary extends Component<Props, { error: unknown }> {
  override state = { error: null };

  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Notice kind="error" action={{ name: "Try again", run: () => this.setState({ error: null }) }}>
        {this.props.what} cannot be shown, as its data are not as they should be ({String(this.state.error)}).
      </Notice>
    );
  }
}
