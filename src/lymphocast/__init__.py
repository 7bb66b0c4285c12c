"""Mechanistic Bayesian models of one patient treated with a cytokine.

Every public name stands in one table and is imported when it is first used, so that reading a
record or asking the command line for help never loads a numerical library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from lymphocast._version import __version__ as __version__

if TYPE_CHECKING:
    from lymphocast.analysis import controls as controls
    from lymphocast.analysis import explain as explain
    from lymphocast.analysis import foresee as foresee
    from lymphocast.catalogue import describe_models as describe_models
    from lymphocast.conversion import Conversion as Conversion
    from lymphocast.conversion import DataReport as DataReport
    from lymphocast.conversion import convert as convert
    from lymphocast.conversion import data_report as data_report
    from lymphocast.conversion import read_records as read_records
    from lymphocast.conversion import write_template as write_template
    from lymphocast.criteria.assessment import Assessment as Assessment
    from lymphocast.criteria.assessment import Edition as Edition
    from lymphocast.criteria.assessment import Standing as Standing
    from lymphocast.criteria.assessment import Theme as Theme
    from lymphocast.criteria.care import CareRow as CareRow
    from lymphocast.criteria.care import care_rows as care_rows
    from lymphocast.criteria.care import care_table as care_table
    from lymphocast.criteria.check import CheckReport as CheckReport
    from lymphocast.criteria.check import TimelineView as TimelineView
    from lymphocast.criteria.check import assess as assess
    from lymphocast.criteria.check import check as check
    from lymphocast.criteria.check import check_json as check_json
    from lymphocast.criteria.culture import OutcomeOptions as OutcomeOptions
    from lymphocast.criteria.culture import outcomes as outcomes
    from lymphocast.criteria.icl import CriterionItem as CriterionItem
    from lymphocast.criteria.icl import IclAssessment as IclAssessment
    from lymphocast.criteria.icl import IclStatus as IclStatus
    from lymphocast.criteria.printing import check_lines as check_lines
    from lymphocast.criteria.rcv import ReferenceChange as ReferenceChange
    from lymphocast.criteria.rcv import change_between as change_between
    from lymphocast.dataset.events import EventRecord as EventRecord
    from lymphocast.dataset.events import EventTable as EventTable
    from lymphocast.dataset.regimen import DoseEvent as DoseEvent
    from lymphocast.dataset.regimen import Regimen as Regimen
    from lymphocast.engine.settings import SolveStatus as SolveStatus
    from lymphocast.engine.simulate import Prepared as Prepared
    from lymphocast.engine.simulate import Trajectory as Trajectory
    from lymphocast.engine.simulate import simulate as simulate
    from lymphocast.errors import ExchangeError as ExchangeError
    from lymphocast.errors import FitFileError as FitFileError
    from lymphocast.errors import LymphocastError as LymphocastError
    from lymphocast.errors import RecordError as RecordError
    from lymphocast.errors import UnitError as UnitError
    from lymphocast.errors import UsageError as UsageError
    from lymphocast.figures.courses import course_figure as course_figure
    from lymphocast.figures.export import write_figure as write_figure
    from lymphocast.figures.treatment import treatment_figure as treatment_figure
    from lymphocast.forecast.controlled import Control as Control
    from lymphocast.forecast.controlled import Controls as Controls
    from lymphocast.forecast.controlled import CrossedRate as CrossedRate
    from lymphocast.forecast.foresight import Drawn as Drawn
    from lymphocast.forecast.foresight import Foresight as Foresight
    from lymphocast.forecast.foresight import Outlook as Outlook
    from lymphocast.forecast.goal import Goal as Goal
    from lymphocast.forecast.goal_file import read_goal as read_goal
    from lymphocast.forecast.outcome_results import Chance as Chance
    from lymphocast.forecast.outcome_results import Compared as Compared
    from lymphocast.forecast.outcome_results import CourseOutcome as CourseOutcome
    from lymphocast.forecast.outcome_results import InfectionPoint as InfectionPoint
    from lymphocast.forecast.outcome_results import Outcomes as Outcomes
    from lymphocast.forecast.outcome_results import Recurrence as Recurrence
    from lymphocast.forecast.plan import Missed as Missed
    from lymphocast.forecast.plan import Plan as Plan
    from lymphocast.forecast.plan import Stretch as Stretch
    from lymphocast.forecast.plan_file import read_plans as read_plans
    from lymphocast.forecast.plan_forecast import forecast_plans as forecast_plans
    from lymphocast.forecast.plan_forecast import frame_of as frame_of
    from lymphocast.forecast.plan_results import InfectionAhead as InfectionAhead
    from lymphocast.forecast.plan_results import PlanForecast as PlanForecast
    from lymphocast.forecast.policy import HoldRule as HoldRule
    from lymphocast.forecast.policy import RestartCycle as RestartCycle
    from lymphocast.forecast.policy import StopRule as StopRule
    from lymphocast.forecast.regimen_results import RegimenSearch as RegimenSearch
    from lymphocast.forecast.regimen_search import optimise as optimise
    from lymphocast.forecast.results import Answer as Answer
    from lymphocast.forecast.results import Attribution as Attribution
    from lymphocast.forecast.results import ByHypothesis as ByHypothesis
    from lymphocast.forecast.results import Contraction as Contraction
    from lymphocast.forecast.results import Curve as Curve
    from lymphocast.forecast.results import FitSummary as FitSummary
    from lymphocast.forecast.results import ForecastPoint as ForecastPoint
    from lymphocast.forecast.results import HypothesisRow as HypothesisRow
    from lymphocast.forecast.results import Interval as Interval
    from lymphocast.forecast.results import LeaveLastOut as LeaveLastOut
    from lymphocast.forecast.results import ObservedCount as ObservedCount
    from lymphocast.forecast.results import Prediction as Prediction
    from lymphocast.forecast.results import PriorLine as PriorLine
    from lymphocast.forecast.results import Remaining as Remaining
    from lymphocast.forecast.results import Results as Results
    from lymphocast.forecast.results import ScenarioOutcome as ScenarioOutcome
    from lymphocast.forecast.results import SensitivityRow as SensitivityRow
    from lymphocast.forecast.results import TimingArguments as TimingArguments
    from lymphocast.forecast.results import Verdict as Verdict
    from lymphocast.forecast.simulation import Replicates as Replicates
    from lymphocast.forecast.simulation import simulate_file as simulate_file
    from lymphocast.forecast.trial.characteristics import CharacteristicRow as CharacteristicRow
    from lymphocast.forecast.trial.characteristics import Characteristics as Characteristics
    from lymphocast.forecast.trial.protocol import TrialProtocol as TrialProtocol
    from lymphocast.forecast.trial.protocol_file import read_protocol as read_protocol
    from lymphocast.forecast.trial.run import run_trial as run_trial
    from lymphocast.forecast.valued import BestDate as BestDate
    from lymphocast.forecast.valued import CountValue as CountValue
    from lymphocast.forecast.valued import NextCount as NextCount
    from lymphocast.hypothesis_fits import fit as fit
    from lymphocast.hypothesis_fits import update as update
    from lymphocast.individual_fits import DataFit as DataFit
    from lymphocast.individual_fits import fit_data as fit_data
    from lymphocast.inference.fit_file import read_fit as read_fit
    from lymphocast.inference.fit_file import write_fit as write_fit
    from lymphocast.inference.history import ScoredCount as ScoredCount
    from lymphocast.inference.history import Step as Step
    from lymphocast.inference.individual_density import Endpoint as Endpoint
    from lymphocast.inference.individual_fit import IndividualFit as IndividualFit
    from lymphocast.inference.individual_fit import SamplingMethod as SamplingMethod
    from lymphocast.inference.individual_fit import fit_individual as fit_individual
    from lymphocast.inference.individual_fit import sample_density as sample_density
    from lymphocast.inference.individual_fit_file import (
        read_individual_fits as read_individual_fits,
    )
    from lymphocast.inference.lane_density import density_of as density_of
    from lymphocast.inference.parameters import ParameterSpace as ParameterSpace
    from lymphocast.inference.petab_fit import PetabFit as PetabFit
    from lymphocast.inference.petab_fit import fit_petab as fit_petab
    from lymphocast.inference.petab_likelihood import PetabLikelihood as PetabLikelihood
    from lymphocast.inference.petab_likelihood import petab_log_likelihood as petab_log_likelihood
    from lymphocast.inference.petab_likelihood import petab_log_prior as petab_log_prior
    from lymphocast.inference.population.design_file import read_design as read_design
    from lymphocast.inference.population.fit import PopulationMethod as PopulationMethod
    from lymphocast.inference.population.fit import fit_population as fit_population
    from lymphocast.inference.population.fit_file import read_population_fit as read_population_fit
    from lymphocast.inference.population.problem import make_population as make_population
    from lymphocast.inference.posterior import Fit as Fit
    from lymphocast.inference.series import PatientGain as PatientGain
    from lymphocast.inference.series import SeriesPosterior as SeriesPosterior
    from lymphocast.inference.series import fit_series as fit_series
    from lymphocast.inference.series_grid import SharedNumber as SharedNumber
    from lymphocast.interchange.bibtex import write_bibtex as write_bibtex
    from lymphocast.interchange.citation import Citation as Citation
    from lymphocast.interchange.citation import Reference as Reference
    from lymphocast.interchange.deidentify import Change as Change
    from lymphocast.interchange.deidentify import Deidentified as Deidentified
    from lymphocast.interchange.deidentify import deidentify as deidentify
    from lymphocast.interchange.draft.assemble import Draft as Draft
    from lymphocast.interchange.draft.assemble import Proposal as Proposal
    from lymphocast.interchange.draft.drafting import draft_case as draft_case
    from lymphocast.interchange.draft.drafting import draft_page as draft_page
    from lymphocast.interchange.fhir import read_fhir as read_fhir
    from lymphocast.interchange.fhir import write_fhir as write_fhir
    from lymphocast.interchange.medline import read_citations as read_citations
    from lymphocast.interchange.nonmem import read_events as read_events
    from lymphocast.interchange.nonmem_record import write_nonmem as write_nonmem
    from lymphocast.interchange.nonmem_report import nonmem_report as nonmem_report
    from lymphocast.interchange.nonmem_write import write_events as write_events
    from lymphocast.interchange.omega import read_omega as read_omega
    from lymphocast.interchange.petab import read_petab as read_petab
    from lymphocast.interchange.petab_problem import PetabParameter as PetabParameter
    from lymphocast.interchange.petab_problem import PetabPrior as PetabPrior
    from lymphocast.interchange.petab_problem import PetabPriorFamily as PetabPriorFamily
    from lymphocast.interchange.petab_problem import PetabProblem as PetabProblem
    from lymphocast.interchange.petab_problem import PetabScale as PetabScale
    from lymphocast.interchange.petab_write import PetabScatter as PetabScatter
    from lymphocast.interchange.petab_write import write_petab as write_petab
    from lymphocast.interchange.phenopackets import read_phenopacket as read_phenopacket
    from lymphocast.interchange.phenopackets import write_phenopacket as write_phenopacket
    from lymphocast.interchange.sbml import sbml_text as sbml_text
    from lymphocast.interchange.sbml import write_sbml as write_sbml
    from lymphocast.interchange.sbml_import import ImportedModel as ImportedModel
    from lymphocast.interchange.sbml_import import load_sbml as load_sbml
    from lymphocast.interchange.sbml_import import read_sbml as read_sbml
    from lymphocast.models.component import Component as Component
    from lymphocast.models.component import Dosing as Dosing
    from lymphocast.models.component import Variable as Variable
    from lymphocast.models.compose import Model as Model
    from lymphocast.models.dimensions import dimension_faults as dimension_faults
    from lymphocast.models.library import find_model as find_model
    from lymphocast.models.library import model_names as model_names
    from lymphocast.models.model_check import model_faults as model_faults
    from lymphocast.models.random_effects import EffectTransform as EffectTransform
    from lymphocast.models.random_effects import RandomEffects as RandomEffects
    from lymphocast.models.typeset import latex_equations as latex_equations
    from lymphocast.models.user_file import load_model as load_model
    from lymphocast.petab_fits import fit_petab_file as fit_petab_file
    from lymphocast.population_fits import fit_population_data as fit_population_data
    from lymphocast.publish import Published as Published
    from lymphocast.publish import run_demo as run_demo
    from lymphocast.record.adverse import Action as Action
    from lymphocast.record.adverse import AdverseEvent as AdverseEvent
    from lymphocast.record.adverse import Alternative as Alternative
    from lymphocast.record.adverse import Information as Information
    from lymphocast.record.adverse import NaranjoAnswers as NaranjoAnswers
    from lymphocast.record.adverse import Outcome as Outcome
    from lymphocast.record.adverse import Reply as Reply
    from lymphocast.record.adverse import Timing as Timing
    from lymphocast.record.adverse import WhoUmcFacts as WhoUmcFacts
    from lymphocast.record.adverse import Withdrawal as Withdrawal
    from lymphocast.record.body import absolute_amount as absolute_amount
    from lymphocast.record.body import body_surface as body_surface
    from lymphocast.record.casefile import canonical_case as canonical_case
    from lymphocast.record.casefile import case_schema as case_schema
    from lymphocast.record.casefile import find_case as find_case
    from lymphocast.record.casefile import parse_case as parse_case
    from lymphocast.record.casefile import read_case as read_case
    from lymphocast.record.casewriter import case_text as case_text
    from lymphocast.record.casewriter import write_case as write_case
    from lymphocast.record.context import Context as Context
    from lymphocast.record.context import Correction as Correction
    from lymphocast.record.context import Disagreement as Disagreement
    from lymphocast.record.context import Limit as Limit
    from lymphocast.record.context import NormalRange as NormalRange
    from lymphocast.record.dosing import Cycle as Cycle
    from lymphocast.record.dosing import WrittenDosing as WrittenDosing
    from lymphocast.record.dosing import parse_dosing as parse_dosing
    from lymphocast.record.events import Administration as Administration
    from lymphocast.record.events import Culture as Culture
    from lymphocast.record.events import CultureResult as CultureResult
    from lymphocast.record.events import Event as Event
    from lymphocast.record.events import Finding as Finding
    from lymphocast.record.events import Measurement as Measurement
    from lymphocast.record.events import Mic as Mic
    from lymphocast.record.events import MissedDoses as MissedDoses
    from lymphocast.record.events import MissedKind as MissedKind
    from lymphocast.record.events import Presence as Presence
    from lymphocast.record.events import Question as Question
    from lymphocast.record.events import Reported as Reported
    from lymphocast.record.events import StatedDuration as StatedDuration
    from lymphocast.record.events import Susceptibility as Susceptibility
    from lymphocast.record.events import Symptom as Symptom
    from lymphocast.record.events import SymptomGrade as SymptomGrade
    from lymphocast.record.events import UnreadData as UnreadData
    from lymphocast.record.events import WorkupItem as WorkupItem
    from lymphocast.record.events import WorkupStatus as WorkupStatus
    from lymphocast.record.figure import Figure as Figure
    from lymphocast.record.figure import FigurePoint as FigurePoint
    from lymphocast.record.figure import ReadOff as ReadOff
    from lymphocast.record.figure import TimeMark as TimeMark
    from lymphocast.record.figure import ValueMark as ValueMark
    from lymphocast.record.figure import read_point as read_point
    from lymphocast.record.issue import Issue as Issue
    from lymphocast.record.issue import Severity as Severity
    from lymphocast.record.patient import Claim as Claim
    from lymphocast.record.patient import Demographics as Demographics
    from lymphocast.record.patient import Hung as Hung
    from lymphocast.record.patient import Identified as Identified
    from lymphocast.record.patient import Modelling as Modelling
    from lymphocast.record.patient import NominalDate as NominalDate
    from lymphocast.record.patient import PatientRecord as PatientRecord
    from lymphocast.record.patient import Reading as Reading
    from lymphocast.record.patient import Timeline as Timeline
    from lymphocast.record.provenance import Method as Method
    from lymphocast.record.provenance import Provenance as Provenance
    from lymphocast.record.provenance import Source as Source
    from lymphocast.record.timelines import read_as as read_as
    from lymphocast.record.validate import validate as validate
    from lymphocast.record.when import AnchorText as AnchorText
    from lymphocast.record.when import DateText as DateText
    from lymphocast.record.when import RangeText as RangeText
    from lymphocast.record.when import Span as Span
    from lymphocast.record.when import When as When
    from lymphocast.report.blocks import Document as Document
    from lymphocast.report.document import build_document as build_document
    from lymphocast.report.summary import summary_json as summary_json
    from lymphocast.report.tables import forecast_csv as forecast_csv
    from lymphocast.report.write import write_report as write_report
    from lymphocast.units import Quantity as Quantity
    from lymphocast.units import Unit as Unit
    from lymphocast.verification.check import CheckResult as CheckResult
    from lymphocast.verification.evidence import ContextEvidence as ContextEvidence
    from lymphocast.verification.evidence import Evidence as Evidence
    from lymphocast.verification.run import verify as verify
    from lymphocast.verification.writing import evidence_json as evidence_json
    from lymphocast.verification.writing import write_evidence as write_evidence

_PUBLIC: Final = {
    "absolute_amount": "record.body",
    "Action": "record.adverse",
    "Administration": "record.events",
    "AdverseEvent": "record.adverse",
    "Alternative": "record.adverse",
    "AnchorText": "record.when",
    "Answer": "forecast.results",
    "assess": "criteria.check",
    "Assessment": "criteria.assessment",
    "Attribution": "forecast.results",
    "BestDate": "forecast.valued",
    "body_surface": "record.body",
    "build_document": "report.document",
    "ByHypothesis": "forecast.results",
    "canonical_case": "record.casefile",
    "care_rows": "criteria.care",
    "care_table": "criteria.care",
    "CareRow": "criteria.care",
    "case_schema": "record.casefile",
    "case_text": "record.casewriter",
    "Chance": "forecast.outcome_results",
    "Change": "interchange.deidentify",
    "change_between": "criteria.rcv",
    "CharacteristicRow": "forecast.trial.characteristics",
    "Characteristics": "forecast.trial.characteristics",
    "check": "criteria.check",
    "check_json": "criteria.check",
    "check_lines": "criteria.printing",
    "CheckReport": "criteria.check",
    "CheckResult": "verification.check",
    "Citation": "interchange.citation",
    "Claim": "record.patient",
    "Compared": "forecast.outcome_results",
    "Component": "models.component",
    "Context": "record.context",
    "ContextEvidence": "verification.evidence",
    "Contraction": "forecast.results",
    "Control": "forecast.controlled",
    "Controls": "forecast.controlled",
    "controls": "analysis",
    "Conversion": "conversion",
    "convert": "conversion",
    "Correction": "record.context",
    "CountValue": "forecast.valued",
    "course_figure": "figures.courses",
    "CourseOutcome": "forecast.outcome_results",
    "CriterionItem": "criteria.icl",
    "CrossedRate": "forecast.controlled",
    "Culture": "record.events",
    "CultureResult": "record.events",
    "Curve": "forecast.results",
    "Cycle": "record.dosing",
    "data_report": "conversion",
    "DataFit": "individual_fits",
    "DataReport": "conversion",
    "DateText": "record.when",
    "Deidentified": "interchange.deidentify",
    "deidentify": "interchange.deidentify",
    "Demographics": "record.patient",
    "density_of": "inference.lane_density",
    "describe_models": "catalogue",
    "dimension_faults": "models.dimensions",
    "Disagreement": "record.context",
    "Document": "report.blocks",
    "DoseEvent": "dataset.regimen",
    "Dosing": "models.component",
    "Draft": "interchange.draft.assemble",
    "draft_case": "interchange.draft.drafting",
    "draft_page": "interchange.draft.drafting",
    "Drawn": "forecast.foresight",
    "Edition": "criteria.assessment",
    "EffectTransform": "models.random_effects",
    "Endpoint": "inference.individual_density",
    "Event": "record.events",
    "EventRecord": "dataset.events",
    "EventTable": "dataset.events",
    "Evidence": "verification.evidence",
    "evidence_json": "verification.writing",
    "ExchangeError": "errors",
    "explain": "analysis",
    "Figure": "record.figure",
    "FigurePoint": "record.figure",
    "find_case": "record.casefile",
    "find_model": "models.library",
    "Finding": "record.events",
    "Fit": "inference.posterior",
    "fit": "hypothesis_fits",
    "fit_data": "individual_fits",
    "fit_individual": "inference.individual_fit",
    "fit_petab": "inference.petab_fit",
    "fit_petab_file": "petab_fits",
    "fit_population": "inference.population.fit",
    "fit_population_data": "population_fits",
    "fit_series": "inference.series",
    "FitFileError": "errors",
    "FitSummary": "forecast.results",
    "forecast_csv": "report.tables",
    "forecast_plans": "forecast.plan_forecast",
    "ForecastPoint": "forecast.results",
    "foresee": "analysis",
    "Foresight": "forecast.foresight",
    "frame_of": "forecast.plan_forecast",
    "Goal": "forecast.goal",
    "HoldRule": "forecast.policy",
    "Hung": "record.patient",
    "HypothesisRow": "forecast.results",
    "IclAssessment": "criteria.icl",
    "IclStatus": "criteria.icl",
    "Identified": "record.patient",
    "ImportedModel": "interchange.sbml_import",
    "IndividualFit": "inference.individual_fit",
    "InfectionAhead": "forecast.plan_results",
    "InfectionPoint": "forecast.outcome_results",
    "Information": "record.adverse",
    "Interval": "forecast.results",
    "Issue": "record.issue",
    "latex_equations": "models.typeset",
    "LeaveLastOut": "forecast.results",
    "Limit": "record.context",
    "load_model": "models.user_file",
    "load_sbml": "interchange.sbml_import",
    "LymphocastError": "errors",
    "make_population": "inference.population.problem",
    "Measurement": "record.events",
    "Method": "record.provenance",
    "Mic": "record.events",
    "Missed": "forecast.plan",
    "MissedDoses": "record.events",
    "MissedKind": "record.events",
    "Model": "models.compose",
    "model_faults": "models.model_check",
    "model_names": "models.library",
    "Modelling": "record.patient",
    "NaranjoAnswers": "record.adverse",
    "NextCount": "forecast.valued",
    "NominalDate": "record.patient",
    "nonmem_report": "interchange.nonmem_report",
    "NormalRange": "record.context",
    "ObservedCount": "forecast.results",
    "optimise": "forecast.regimen_search",
    "Outcome": "record.adverse",
    "OutcomeOptions": "criteria.culture",
    "Outcomes": "forecast.outcome_results",
    "outcomes": "criteria.culture",
    "Outlook": "forecast.foresight",
    "ParameterSpace": "inference.parameters",
    "parse_case": "record.casefile",
    "parse_dosing": "record.dosing",
    "PatientGain": "inference.series",
    "PatientRecord": "record.patient",
    "petab_log_likelihood": "inference.petab_likelihood",
    "petab_log_prior": "inference.petab_likelihood",
    "PetabFit": "inference.petab_fit",
    "PetabLikelihood": "inference.petab_likelihood",
    "PetabParameter": "interchange.petab_problem",
    "PetabPrior": "interchange.petab_problem",
    "PetabPriorFamily": "interchange.petab_problem",
    "PetabProblem": "interchange.petab_problem",
    "PetabScale": "interchange.petab_problem",
    "PetabScatter": "interchange.petab_write",
    "Plan": "forecast.plan",
    "PlanForecast": "forecast.plan_results",
    "PopulationMethod": "inference.population.fit",
    "Prediction": "forecast.results",
    "Prepared": "engine.simulate",
    "Presence": "record.events",
    "PriorLine": "forecast.results",
    "Proposal": "interchange.draft.assemble",
    "Provenance": "record.provenance",
    "Published": "publish",
    "Quantity": "units",
    "Question": "record.events",
    "RandomEffects": "models.random_effects",
    "RangeText": "record.when",
    "read_as": "record.timelines",
    "read_case": "record.casefile",
    "read_citations": "interchange.medline",
    "read_design": "inference.population.design_file",
    "read_events": "interchange.nonmem",
    "read_fhir": "interchange.fhir",
    "read_fit": "inference.fit_file",
    "read_goal": "forecast.goal_file",
    "read_individual_fits": "inference.individual_fit_file",
    "read_omega": "interchange.omega",
    "read_petab": "interchange.petab",
    "read_phenopacket": "interchange.phenopackets",
    "read_plans": "forecast.plan_file",
    "read_point": "record.figure",
    "read_population_fit": "inference.population.fit_file",
    "read_protocol": "forecast.trial.protocol_file",
    "read_records": "conversion",
    "read_sbml": "interchange.sbml_import",
    "Reading": "record.patient",
    "ReadOff": "record.figure",
    "RecordError": "errors",
    "Recurrence": "forecast.outcome_results",
    "Reference": "interchange.citation",
    "ReferenceChange": "criteria.rcv",
    "Regimen": "dataset.regimen",
    "RegimenSearch": "forecast.regimen_results",
    "Remaining": "forecast.results",
    "Replicates": "forecast.simulation",
    "Reply": "record.adverse",
    "Reported": "record.events",
    "RestartCycle": "forecast.policy",
    "Results": "forecast.results",
    "run_demo": "publish",
    "run_trial": "forecast.trial.run",
    "sample_density": "inference.individual_fit",
    "SamplingMethod": "inference.individual_fit",
    "sbml_text": "interchange.sbml",
    "ScenarioOutcome": "forecast.results",
    "ScoredCount": "inference.history",
    "SensitivityRow": "forecast.results",
    "SeriesPosterior": "inference.series",
    "Severity": "record.issue",
    "SharedNumber": "inference.series_grid",
    "simulate": "engine.simulate",
    "simulate_file": "forecast.simulation",
    "SolveStatus": "engine.settings",
    "Source": "record.provenance",
    "Span": "record.when",
    "Standing": "criteria.assessment",
    "StatedDuration": "record.events",
    "Step": "inference.history",
    "StopRule": "forecast.policy",
    "Stretch": "forecast.plan",
    "summary_json": "report.summary",
    "Susceptibility": "record.events",
    "Symptom": "record.events",
    "SymptomGrade": "record.events",
    "Theme": "criteria.assessment",
    "Timeline": "record.patient",
    "TimelineView": "criteria.check",
    "TimeMark": "record.figure",
    "Timing": "record.adverse",
    "TimingArguments": "forecast.results",
    "Trajectory": "engine.simulate",
    "treatment_figure": "figures.treatment",
    "TrialProtocol": "forecast.trial.protocol",
    "Unit": "units",
    "UnitError": "errors",
    "UnreadData": "record.events",
    "update": "hypothesis_fits",
    "UsageError": "errors",
    "validate": "record.validate",
    "ValueMark": "record.figure",
    "Variable": "models.component",
    "Verdict": "forecast.results",
    "verify": "verification.run",
    "When": "record.when",
    "WhoUmcFacts": "record.adverse",
    "Withdrawal": "record.adverse",
    "WorkupItem": "record.events",
    "WorkupStatus": "record.events",
    "write_bibtex": "interchange.bibtex",
    "write_case": "record.casewriter",
    "write_events": "interchange.nonmem_write",
    "write_evidence": "verification.writing",
    "write_fhir": "interchange.fhir",
    "write_figure": "figures.export",
    "write_fit": "inference.fit_file",
    "write_nonmem": "interchange.nonmem_record",
    "write_petab": "interchange.petab_write",
    "write_phenopacket": "interchange.phenopackets",
    "write_report": "report.write",
    "write_sbml": "interchange.sbml",
    "write_template": "conversion",
    "WrittenDosing": "record.dosing",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that defines it."""
    if name not in _PUBLIC:
        message = f"module 'lymphocast' has no attribute '{name}'"
        raise AttributeError(message)
    value: object = getattr(import_module(f"lymphocast.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*_PUBLIC, "__version__"])
