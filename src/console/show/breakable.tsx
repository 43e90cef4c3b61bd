import { Fragment } from "react";

/** A name such as `checkout.session.completed`, which may go on in a new line after a dot or an underscore. */
export const Breakable = ({ name }: { name: string }) =>
  name.split(/(?<=[._])/).map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));
