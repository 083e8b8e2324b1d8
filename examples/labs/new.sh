#!/usr/bin/env bash
# Sets up a student's working copy of the course: examples/labs/new.sh FOLDER. It gets the labs with their skeletons and a
# grade.sh, which grades what is in FOLDER with this project's pristine checks. FOLDER must not be there yet, or be empty.
set -euo pipefail
labs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-}

[[ $folder && $# == 1 && $folder != -* ]] || { echo "usage: examples/labs/new.sh FOLDER" >&2 && exit 2; }
[[ ! -e $folder || -d $folder && -z $(ls -A "$folder") ]] || {
    echo "$folder is there already, and nothing in it shall be lost: name another folder" >&2
    exit 1
}
mkdir -p "$folder"
cp -r "$labs"/lab? "$labs/support" "$folder"
# What the working copy has no copy of is linked where it is.
root=$(cd "$labs/../.." && pwd)
text=$(<"$labs/README.md")
text=${text//'](../../'/"]($root/"}
for there in experiments teacher.md; do
    text=${text//"]($there)"/"]($labs/$there)"}
done
printf '%s\n' "$text" >"$folder/README.md"
rm -rf "$folder/support/__pycache__" "$folder"/support/*.py
chmod -R u+w "$folder"
cat >"$folder/grade.sh" <<END
#!/usr/bin/env bash
# Grades a lab of this folder: ./grade.sh labN [OPTIONS]; --help lists them.
exec $(printf '%q' "$labs/grade.sh") "\$@" --work "\$(cd "\$(dirname "\${BASH_SOURCE[0]}")" && pwd)"
END
chmod +x "$folder/grade.sh"
echo "Your working copy is in $folder. Read README.md there; begin with lab1/README.md and ./grade.sh lab1."
