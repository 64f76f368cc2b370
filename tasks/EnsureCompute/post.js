// When the job's steps are over: the launcher once more, which says so to Python.
process.env.AMLTASKS_PHASE = 'post'
require('./launcher.js')
