// The page of calls that were: those that are found, or one call opened. Where one is stands behind the # of the
// address, which browsers send to nobody: what is asked for, and the call.

import * as access from "../shared/access.js";
import { $ } from "../shared/dom.js";
import { CallView } from "./call.js";
import { Search } from "./search.js";

const search = new Search(go);
const call = new CallView();

/** @param {URLSearchParams} given */
function begin(given) {
  const id = given.get("call");
  $("count").textContent = "";
  access.show(id ? "call" : "list");
  if (id) {
    call.open(id);
  } else {
    call.close();
    search.show(given);
  }
  const back = new URLSearchParams(given);
  back.delete("call");
  $("back").setAttribute("href", `#${back}`);
}

/** @param {URLSearchParams} asked */
function go(asked) {
  if (`#${asked}` === location.hash || (!location.hash && !`${asked}`)) again();
  else location.hash = `${asked}`;
}

const again = access.open(begin);
