"""PackageModel's door: the job comes on standard input from the launcher."""

import sys

if __name__ == "__main__":
    try:
        from amltasks.commands.door import enter

        enter("amltasks.commands.package_task")
    except (ImportError, SyntaxError) as error:
        why = " ".join(str(error).replace("%", "%AZP25").split())
        message = f"The task's own environment is damaged ({why}): delete the folder {sys.prefix}; it is made anew."
        sys.stdout.write(f"##vso[task.logissue type=error]{message}\n##vso[task.complete result=Failed]{message}\n")
        sys.exit(3)
    except KeyboardInterrupt:  # before there was anything to end in good order
        sys.exit(130)
