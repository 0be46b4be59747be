// The commands as plain data: what completion and the documentation are made from.

import type { Argument, Command, Option } from 'commander'
import type { CommandNode } from '../ports/program.ts'

/** The command and all below it. */
export function describeCommand(command: Command): CommandNode {
  const options = command.options.filter((option) => !option.hidden)
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: options.map(describeOption),
    commands: command.commands.map(describeCommand),
  }
}

function describeArgument(argument: Argument): CommandNode['arguments'][number] {
  return {
    name: argument.name(),
    required: argument.required,
    description: argument.description,
    ...(argument.argChoices ? { choices: argument.argChoices } : {}),
  }
}

function describeOption(option: Option): CommandNode['options'][number] {
  const { defaultValue } = option
  const shown = typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined
  return {
    flags: option.flags,
    names: [option.short, option.long].flatMap((name) => name ?? []),
    takesValue: option.required || option.optional,
    required: option.mandatory,
    description: option.description,
    ...(option.argChoices ? { choices: option.argChoices } : {}),
    ...(shown === undefined ? {} : { defaultValue: shown }),
  }
}
