"""Follow-up: has somebody acted on a qualified or assigned lead in time?"""
